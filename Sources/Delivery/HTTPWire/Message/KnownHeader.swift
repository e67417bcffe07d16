/// Field names that the edge looks at. A parsed field carries its id, so that no code compares names twice.
public enum KnownHeader: UInt8, Sendable, CaseIterable {
    /// Any name that is not listed here.
    case other = 0
    case accept, acceptEncoding, acceptLanguage, acceptRanges, age, allow, authorization
    case cacheControl, cacheStatus, cdnCacheControl, cdnLoop, connection
    case contentDisposition, contentEncoding, contentLanguage, contentLength, contentLocation, contentRange, contentType
    case cookie, date, etag, expect, expires, forwarded, host
    case ifMatch, ifModifiedSince, ifNoneMatch, ifRange, ifUnmodifiedSince
    case keepAlive, lastModified, link, location, maxForwards, origin, pragma
    case proxyAuthenticate, proxyAuthenticationInfo, proxyAuthorization, proxyConnection
    case range, referer, retryAfter, server, setCookie, squillaDebug, surrogateControl, te, trailer, transferEncoding
    case upgrade, userAgent, vary, via, wwwAuthenticate
    case xForwardedFor, xForwardedHost, xForwardedProto, traceparent, warning

    /// The name as it is written by convention.
    public var name: String {
        switch self {
        case .other: ""
        case .etag: "ETag"
        case .te: "TE"
        case .cdnCacheControl: "CDN-Cache-Control"
        case .cdnLoop: "CDN-Loop"
        case .wwwAuthenticate: "WWW-Authenticate"
        case .traceparent: "traceparent"
        default: conventionalName
        }
    }

    /// `contentLength` → `Content-Length`.
    private var conventionalName: String {
        var out = ""
        for character in "\(self)" {
            if out.isEmpty {
                out += character.uppercased()
            } else if character.isUppercase {
                out += "-\(character)"
            } else {
                out.append(character)
            }
        }
        return out
    }

    /// Bit of this header in ``HeaderBlock/present``.
    var bit: UInt64 { 1 << UInt64(rawValue) }

    /// Fields about one connection, which a proxy never passes on (RFC 9110 §7.6.1), beside those that `Connection`
    /// names. `Transfer-Encoding` and `Trailer` go because the edge frames the message itself.
    public var isHopByHop: Bool {
        switch self {
        case .connection, .keepAlive, .proxyConnection, .te, .transferEncoding, .upgrade, .trailer,
            .proxyAuthenticate, .proxyAuthorization, .proxyAuthenticationInfo:
            true
        default: false
        }
    }
}
