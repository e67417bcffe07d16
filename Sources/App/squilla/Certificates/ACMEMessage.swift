import Bytes
import Foundation
import Reactor
import Settings

/// An answer of an authority's server.
struct ACMEReply: Sendable {
    var status: Int
    var nonce: String?
    var location: String?
    var retryAfterSeconds: Int?
    var body: [UInt8]

    /// The body as a JSON object; empty where it is none.
    var document: [String: Any] {
        let value = try? JSONSerialization.jsonObject(with: Data(body))
        return value as? [String: Any] ?? [:]
    }

    func text(_ key: String) -> String? { document[key] as? String }

    /// An error's type without `urn:ietf:params:acme:error:` (RFC 8555, 6.7).
    var problem: String? {
        // A redirect is none of the protocol's answers either, and is not followed.
        guard !(200..<300).contains(status) else { return nil }
        return text("type")?.split(separator: ":").last.map(String.init) ?? "status \(status)"
    }
}

/// Requests that an account signs (RFC 8555, 6.2; RFC 7515).
struct ACMESigner: Sendable {
    let key: TLSSigningKey
    /// The operator's account with the authority, where it wants one.
    var external: ExternalAccount?
    /// The account's URL, once it is known; before it the key itself is sent.
    var account: String?

    /// The body of a POST.
    /// - Parameter payload: JSON; empty for a POST that only reads.
    func body(_ payload: String, url: String, nonce: String) throws(TLSError) -> [UInt8] {
        var head: [(String, String)] = [("alg", quoted("ES256"))]
        if let account {
            head.append(("kid", quoted(account)))
        } else {
            head.append(("jwk", try webKey()))
        }
        head += [("nonce", quoted(nonce)), ("url", quoted(url))]
        let protected = Base64URL.text(Array(object(head).utf8))
        let content = Base64URL.text(Array(payload.utf8))
        let signature = try key.signature(of: Array("\(protected).\(content)".utf8))
        let parts = [("protected", protected), ("payload", content), ("signature", Base64URL.text(signature))]
        return Array(object(parts.map { ($0.0, quoted($0.1)) }).utf8)
    }

    /// The member of a request for an account that binds it to the operator's (RFC 8555, 7.3.4); nil where there is none.
    /// - Parameter url: where the request goes.
    func binding(url: String) throws(TLSError) -> String? {
        guard let external else { return nil }
        let head = object([("alg", quoted("HS256")), ("kid", quoted(external.keyID)), ("url", quoted(url))])
        let protected = Base64URL.text(Array(head.utf8))
        let content = Base64URL.text(Array(try webKey().utf8))
        let code = Digest.sha256.authenticate(Array("\(protected).\(content)".utf8), key: external.hmacKey)
        let parts = [("protected", protected), ("payload", content), ("signature", Base64URL.text(code))]
        return object(parts.map { ($0.0, quoted($0.1)) })
    }

    /// What proves to an authority that this account answers for a host (RFC 8555, 8.1).
    func keyAuthorization(_ token: String) throws(TLSError) -> String {
        let key = Array(try webKey().utf8)
        var digest: [UInt8] = []
        Digest.sha256.append(of: key.span, to: &digest)
        return "\(token).\(Base64URL.text(digest))"
    }

    /// Members in the order that the thumbprint wants (RFC 7638, 3).
    private func webKey() throws(TLSError) -> String {
        let point = try key.point()
        return object([
            ("crv", quoted("P-256")), ("kty", quoted("EC")), ("x", quoted(Base64URL.text(point.x))),
            ("y", quoted(Base64URL.text(point.y))),
        ])
    }

    private func object(_ members: [(String, String)]) -> String {
        "{" + members.map { "\(quoted($0.0)):\($0.1)" }.joined(separator: ",") + "}"
    }

    private func quoted(_ text: String) -> String { JSONQuote.text(text) }
}

/// An account that the operator has with an authority.
struct ExternalAccount: Sendable {
    let keyID: String
    let hmacKey: [UInt8]

    /// - Throws: `ACMEFailure` where the file is no HMAC key in base64url.
    init(_ section: ExternalAccountSection) throws(ACMEFailure) {
        guard let data = FileManager.default.contents(atPath: section.hmacKeyFile), data.count <= 64 << 10 else {
            throw ACMEFailure(problem: "key", detail: "\(section.hmacKeyFile) can't be read")
        }
        let text = String(decoding: data, as: UTF8.self).trimmingCharacters(in: .whitespacesAndNewlines)
        guard let key = Base64URL.bytes(text), key.count >= 16 else {
            throw ACMEFailure(
                problem: "key", detail: "\(section.hmacKeyFile): expected an HMAC key of 16 bytes or more in base64url")
        }
        keyID = section.keyID
        hmacKey = key
    }
}

enum JSONQuote {
    static func text(_ text: String) -> String {
        var out = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"", "\\": out += "\\\(scalar)"
            case "\u{0}"..<" ": out += String(format: "\\u%04x", scalar.value)
            default: out.unicodeScalars.append(scalar)
            }
        }
        return out + "\""
    }
}

/// Base64 with the alphabet for URLs and without padding (RFC 4648, 5).
enum Base64URL {
    /// Nil for what is no such text; padding, and the usual alphabet, are taken too.
    static func bytes(_ text: String) -> [UInt8]? {
        var plain = text.replacingOccurrences(of: "-", with: "+").replacingOccurrences(of: "_", with: "/")
        while plain.hasSuffix("=") { plain.removeLast() }
        plain += String(repeating: "=", count: (4 - plain.utf8.count % 4) % 4)
        return Data(base64Encoded: plain).map { Array($0) }
    }

    static func text(_ bytes: [UInt8]) -> String {
        Data(bytes).base64EncodedString().replacingOccurrences(of: "+", with: "-")
            .replacingOccurrences(of: "/", with: "_").replacingOccurrences(of: "=", with: "")
    }
}
