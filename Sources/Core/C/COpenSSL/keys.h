#pragma once
// Keys on P-256, what they sign, and what is asked of an authority with them: for getting certificates (ACME).
#include <openssl/ec.h>
#include <openssl/ecdsa.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>
#include <string.h>
#include <time.h>

static inline EVP_PKEY *squilla_key_generate(void) { return EVP_PKEY_Q_keygen(0, 0, "EC", "P-256"); }

static inline EVP_PKEY *squilla_key_read(const unsigned char *pem, int count) {
    BIO *bio = BIO_new_mem_buf(pem, count);
    if (!bio) return 0;
    EVP_PKEY *key = PEM_read_bio_PrivateKey(bio, 0, 0, 0);
    BIO_free(bio);
    return key;
}

/// Copies what a memory BIO holds and frees it; the size, or -1 where it does not fit.
static inline int squilla_bio_take(BIO *bio, unsigned char *out, int capacity) {
    char *bytes = 0;
    long count = BIO_get_mem_data(bio, &bytes);
    int size = count > 0 && count <= capacity ? (int)count : -1;
    if (size > 0) memcpy(out, bytes, (size_t)size);
    BIO_free(bio);
    return size;
}

static inline int squilla_key_write(EVP_PKEY *key, unsigned char *out, int capacity) {
    BIO *bio = BIO_new(BIO_s_mem());
    if (!bio) return -1;
    if (!PEM_write_bio_PrivateKey(bio, key, 0, 0, 0, 0, 0)) {
        BIO_free(bio);
        return -1;
    }
    return squilla_bio_take(bio, out, capacity);
}

/// The public point as 4, x, y: 65 bytes. 1 for done.
static inline int squilla_key_point(EVP_PKEY *key, unsigned char *out) {
    size_t count = 0;
    return EVP_PKEY_get_octet_string_param(key, OSSL_PKEY_PARAM_PUB_KEY, out, 65, &count) && count == 65 && out[0] == 4;
}

/// ECDSA with SHA-256 as r and s of 32 bytes each, as JWS has it (RFC 7518, 3.4). 1 for done.
static inline int squilla_key_sign(EVP_PKEY *key, const unsigned char *bytes, size_t count, unsigned char *out) {
    unsigned char der[128];
    size_t length = sizeof(der);
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    int done = context && EVP_DigestSignInit(context, 0, EVP_sha256(), 0, key) == 1 &&
               EVP_DigestSign(context, der, &length, bytes, count) == 1;
    EVP_MD_CTX_free(context);
    const unsigned char *cursor = der;
    ECDSA_SIG *signature = done ? d2i_ECDSA_SIG(0, &cursor, (long)length) : 0;
    if (!signature) return 0;
    done = BN_bn2binpad(ECDSA_SIG_get0_r(signature), out, 32) == 32 &&
           BN_bn2binpad(ECDSA_SIG_get0_s(signature), out + 32, 32) == 32;
    ECDSA_SIG_free(signature);
    return done;
}

static inline X509_EXTENSION *squilla_names_extension(const char *names) {
    return X509V3_EXT_conf_nid(0, 0, NID_subject_alt_name, names);
}

/// A request for a certificate (PKCS #10) in DER.
/// names: `DNS:a,DNS:b`.
static inline int squilla_certificate_request(EVP_PKEY *key, const char *names, unsigned char *out, int capacity) {
    X509_REQ *request = X509_REQ_new();
    X509_EXTENSION *extension = squilla_names_extension(names);
    STACK_OF(X509_EXTENSION) *extensions = sk_X509_EXTENSION_new_null();
    int size = -1;
    if (request && extension && extensions && sk_X509_EXTENSION_push(extensions, extension)) {
        extension = 0;
        if (X509_REQ_set_version(request, X509_REQ_VERSION_1) && X509_REQ_set_pubkey(request, key) &&
            X509_REQ_add_extensions(request, extensions) && X509_REQ_sign(request, key, EVP_sha256()) > 0) {
            int count = i2d_X509_REQ(request, 0);
            if (count > 0 && count <= capacity) size = i2d_X509_REQ(request, &out);
        }
    }
    X509_EXTENSION_free(extension);
    sk_X509_EXTENSION_pop_free(extensions, X509_EXTENSION_free);
    X509_REQ_free(request);
    return size;
}

/// A certificate that signs itself, in PEM, valid for a day.
static inline int squilla_self_signed(EVP_PKEY *key, const char *names, unsigned char *out, int capacity) {
    X509 *certificate = X509_new();
    X509_EXTENSION *extension = squilla_names_extension(names);
    BIO *bio = BIO_new(BIO_s_mem());
    int done = certificate && extension && bio && X509_set_version(certificate, X509_VERSION_3) &&
               ASN1_INTEGER_set(X509_get_serialNumber(certificate), 1) &&
               X509_gmtime_adj(X509_getm_notBefore(certificate), 0) &&
               X509_gmtime_adj(X509_getm_notAfter(certificate), 86400) && X509_set_pubkey(certificate, key) &&
               X509_NAME_add_entry_by_txt(X509_get_subject_name(certificate), "CN", MBSTRING_ASC,
                                          (const unsigned char *)"not yet certified", -1, -1, 0) &&
               X509_set_issuer_name(certificate, X509_get_subject_name(certificate)) &&
               X509_add_ext(certificate, extension, -1) && X509_sign(certificate, key, EVP_sha256()) > 0 &&
               PEM_write_bio_X509(bio, certificate);
    X509_EXTENSION_free(extension);
    X509_free(certificate);
    if (!done) {
        BIO_free(bio);
        return -1;
    }
    return squilla_bio_take(bio, out, capacity);
}

/// What the first certificate of a PEM text says of itself: 1 for one of an authority, 2 for one that signs itself,
/// 0 for no certificate.
static inline int squilla_certificate_times(const unsigned char *pem, int count, long *start, long *end) {
    BIO *bio = BIO_new_mem_buf(pem, count);
    X509 *certificate = bio ? PEM_read_bio_X509(bio, 0, 0, 0) : 0;
    BIO_free(bio);
    if (!certificate) return 0;
    struct tm first, last;
    int kind = 0;
    if (ASN1_TIME_to_tm(X509_get0_notBefore(certificate), &first) &&
        ASN1_TIME_to_tm(X509_get0_notAfter(certificate), &last)) {
        *start = (long)timegm(&first);
        *end = (long)timegm(&last);
        kind = X509_NAME_cmp(X509_get_issuer_name(certificate), X509_get_subject_name(certificate)) == 0 ? 2 : 1;
    }
    X509_free(certificate);
    return kind;
}

/// Whether the first certificate of a PEM text is for a DNS name.
static inline int squilla_certificate_names(const unsigned char *pem, int count, const char *name) {
    BIO *bio = BIO_new_mem_buf(pem, count);
    X509 *certificate = bio ? PEM_read_bio_X509(bio, 0, 0, 0) : 0;
    BIO_free(bio);
    int found = certificate && X509_check_host(certificate, name, strlen(name), 0, 0) == 1;
    X509_free(certificate);
    return found;
}

/// Whether the first certificate of a PEM text is that of a key.
static inline int squilla_certificate_is_of(const unsigned char *pem, int count, EVP_PKEY *key) {
    BIO *bio = BIO_new_mem_buf(pem, count);
    X509 *certificate = bio ? PEM_read_bio_X509(bio, 0, 0, 0) : 0;
    BIO_free(bio);
    int found = certificate && X509_check_private_key(certificate, key) == 1;
    X509_free(certificate);
    return found;
}
