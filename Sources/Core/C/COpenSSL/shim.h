#pragma once
// OpenSSL 3, with its function-like macros as functions that Swift can call.
#include <openssl/bio.h>
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/ocsp.h>
#include <openssl/params.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>
#include <string.h>

#include "keys.h"

static inline void squilla_ctx_defaults(SSL_CTX *ctx) {
    SSL_CTX_set_mode(ctx, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER | SSL_MODE_RELEASE_BUFFERS);
    SSL_CTX_set_options(ctx, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION | SSL_OP_CIPHER_SERVER_PREFERENCE |
                                 SSL_OP_PRIORITIZE_CHACHA | SSL_OP_NO_SESSION_RESUMPTION_ON_RENEGOTIATION);
    SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
}

static inline int squilla_ctx_min_version(SSL_CTX *ctx, int version) {
    return (int)SSL_CTX_set_min_proto_version(ctx, version);
}
static inline int squilla_ctx_max_version(SSL_CTX *ctx, int version) {
    return (int)SSL_CTX_set_max_proto_version(ctx, version);
}
static inline int squilla_ctx_groups(SSL_CTX *ctx, const char *names) {
    return (int)SSL_CTX_set1_groups_list(ctx, names);
}
static inline int squilla_ctx_chain_add(SSL_CTX *ctx, X509 *certificate) {
    return (int)SSL_CTX_add0_chain_cert(ctx, certificate);
}
static inline void squilla_ctx_no_tickets(SSL_CTX *ctx) {
    SSL_CTX_set_options(ctx, SSL_OP_NO_TICKET);
    SSL_CTX_set_num_tickets(ctx, 0);
}
static inline void squilla_ctx_client_sessions(SSL_CTX *ctx) {
    SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
}
static inline void squilla_ctx_server_name(SSL_CTX *ctx, int (*callback)(SSL *, int *, void *), void *argument) {
    SSL_CTX_set_tlsext_servername_callback(ctx, callback);
    SSL_CTX_set_tlsext_servername_arg(ctx, argument);
}
static inline void squilla_ctx_status(SSL_CTX *ctx, int (*callback)(SSL *, void *), void *argument) {
    SSL_CTX_set_tlsext_status_cb(ctx, callback);
    SSL_CTX_set_tlsext_status_arg(ctx, argument);
}
static inline int squilla_ssl_staple(SSL *ssl, const unsigned char *bytes, long count) {
    unsigned char *copy = (unsigned char *)OPENSSL_malloc((size_t)count);
    if (!copy) return 0;
    memcpy(copy, bytes, (size_t)count);
    return (int)SSL_set_tlsext_status_ocsp_resp(ssl, copy, count);
}
static inline int squilla_ssl_server_name(SSL *ssl, const char *name) { return (int)SSL_set_tlsext_host_name(ssl, name); }
static inline void squilla_bio_retry_read(BIO *bio) { BIO_set_retry_read(bio); }
static inline void squilla_bio_clear_retry(BIO *bio) { BIO_clear_retry_flags(bio); }
static inline X509_STORE_CTX *squilla_no_store_ctx(void) { return 0; }
static inline int squilla_general_name_count(const GENERAL_NAMES *names) { return sk_GENERAL_NAME_num(names); }
static inline GENERAL_NAME *squilla_general_name(const GENERAL_NAMES *names, int index) {
    return sk_GENERAL_NAME_value(names, index);
}
/// The text of a DNS name, which need not end in a zero; null for another kind.
static inline const unsigned char *squilla_dns_name(const GENERAL_NAME *name, int *count) {
    if (name->type != GEN_DNS) return 0;
    *count = ASN1_STRING_length(name->d.dNSName);
    return ASN1_STRING_get0_data(name->d.dNSName);
}
static inline long squilla_bio_memory(BIO *bio, char **bytes) { return BIO_get_mem_data(bio, bytes); }
/// 1 where the handshake resumed an earlier session.
static inline int squilla_ssl_resumed(SSL *ssl) { return SSL_session_reused(ssl); }

/// Prepares cipher and MAC of a session ticket: AES-256-CBC and HMAC-SHA-256.
static inline int squilla_ticket_cipher(
    EVP_CIPHER_CTX *cipher, EVP_MAC_CTX *mac, const unsigned char *secret, unsigned char *iv, int encrypts) {
    OSSL_PARAM parameters[3];
    parameters[0] = OSSL_PARAM_construct_octet_string(OSSL_MAC_PARAM_KEY, (void *)(secret + 32), 32);
    parameters[1] = OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, (char *)"sha256", 0);
    parameters[2] = OSSL_PARAM_construct_end();
    if (!EVP_MAC_CTX_set_params(mac, parameters)) return 0;
    return encrypts ? EVP_EncryptInit_ex(cipher, EVP_aes_256_cbc(), 0, secret, iv)
                    : EVP_DecryptInit_ex(cipher, EVP_aes_256_cbc(), 0, secret, iv);
}

/// Whether a DER OCSP response says "good" about a certificate now: 1, 0 for not (revoked, expired, another
/// certificate), -1 for bytes that are no response. The certificate is told by its serial number: who issued it may not
/// be in the chain.
static inline int squilla_ocsp_is_good(const unsigned char *bytes, long count, X509 *certificate) {
    const unsigned char *cursor = bytes;
    OCSP_RESPONSE *response = d2i_OCSP_RESPONSE(0, &cursor, count);
    if (!response) return -1;
    int good = 0;
    OCSP_BASICRESP *basic = 0;
    if (OCSP_response_status(response) == OCSP_RESPONSE_STATUS_SUCCESSFUL &&
        (basic = OCSP_response_get1_basic(response))) {
        for (int index = 0; index < OCSP_resp_count(basic) && !good; index++) {
            OCSP_SINGLERESP *single = OCSP_resp_get0(basic, index);
            ASN1_INTEGER *serial = 0;
            int reason = 0;
            ASN1_GENERALIZEDTIME *revoked = 0, *this_update = 0, *next_update = 0;
            if (!OCSP_id_get0_info(0, 0, 0, &serial, (OCSP_CERTID *)OCSP_SINGLERESP_get0_id(single)) ||
                ASN1_INTEGER_cmp(serial, X509_get0_serialNumber(certificate)) != 0)
                continue;
            int status = OCSP_single_get0_status(single, &reason, &revoked, &this_update, &next_update);
            good = status == V_OCSP_CERTSTATUS_GOOD && OCSP_check_validity(this_update, next_update, 300, -1) == 1;
        }
        OCSP_BASICRESP_free(basic);
    }
    OCSP_RESPONSE_free(response);
    ERR_clear_error();
    return good;
}

/// Writes a distinguished name as RFC 2253 has it, UTF-8 unescaped.
static inline int squilla_name_text(BIO *bio, const X509_NAME *name) {
    return X509_NAME_print_ex(bio, name, 0, (XN_FLAG_RFC2253 & ~ASN1_STRFLGS_ESC_MSB) | XN_FLAG_SEP_COMMA_PLUS);
}

static inline void squilla_ctx_owner(SSL_CTX *ctx, void *owner) { SSL_CTX_set_app_data(ctx, owner); }
static inline void *squilla_ssl_owner(SSL *ssl) { return SSL_CTX_get_app_data(SSL_get_SSL_CTX(ssl)); }
static inline void squilla_ssl_set_owner(SSL *ssl, void *owner) { SSL_set_app_data(ssl, owner); }
static inline void *squilla_ssl_own_owner(SSL *ssl) { return SSL_get_app_data(ssl); }
static inline int squilla_key_kind(X509 *certificate) { return EVP_PKEY_get_base_id(X509_get0_pubkey(certificate)); }
/// Never asks on a terminal for a key's passphrase.
static inline int squilla_no_passphrase(char *buffer, int size, int writes, void *data) {
    (void)buffer; (void)size; (void)writes; (void)data;
    return 0;
}
static inline void squilla_ctx_no_passphrase(SSL_CTX *ctx) { SSL_CTX_set_default_passwd_cb(ctx, squilla_no_passphrase); }
