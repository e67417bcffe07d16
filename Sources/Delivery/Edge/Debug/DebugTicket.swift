import Bytes
import HTTPWire

/// Who may be told why an answer is as it is.
public struct EdgeDebugSettings: Sendable, Equatable {
    /// Signs tickets; nil tells nobody.
    public var secret: String?
    /// The farthest that a ticket's end may be ahead.
    public var maximumLifeSeconds: Int64 = 3600

    public init() {}
}

/// The right to be told: `Squilla-Debug: expires=1790000000, signature="…"`, a dictionary (RFC 9651) with the end in seconds
/// since 1970 and, in hexadecimal, HMAC-SHA-256 of host, path and end with line ends between. It is good for one path of one
/// host, whatever the query.
public enum DebugTicket {
    public static let fieldName = "Squilla-Debug"

    /// - Parameters:
    ///   - host: without a port, any case.
    ///   - path: as it is asked for.
    ///   - expires: seconds since 1970.
    public static func value(host: [UInt8], path: [UInt8], expires: Int64, secret: String) -> String {
        let code = signature(host, path, expires, secret)
        return "expires=\(expires), signature=\"\(String(decoding: code, as: UTF8.self))\""
    }

    private static func signature(_ host: [UInt8], _ path: [UInt8], _ expires: Int64, _ secret: String) -> [UInt8] {
        var message = host.map { $0 &- 0x41 < 26 ? $0 | 0x20 : $0 }
        message.append(0x0A)
        message.append(contentsOf: path.isEmpty ? [0x2F] : path)
        message.append(0x0A)
        message.append(contentsOf: "\(expires)".utf8)
        let digits = Array("0123456789abcdef".utf8)
        return Digest.sha256.authenticate(message, key: Array(secret.utf8)).flatMap {
            [digits[Int($0 >> 4)], digits[Int($0 & 15)]]
        }
    }

    /// Takes the field out of a request.
    /// - Parameter now: seconds since 1970.
    /// - Returns: whether it is a ticket for this request.
    static func take(from head: inout RequestHead, _ settings: EdgeDebugSettings, now: Int64) -> Bool {
        guard head.block.contains(.squillaDebug) else { return false }
        var values: [[UInt8]] = []
        for field in head.block.fields where field.id == .squillaDebug {
            values.append([UInt8](head.block.slice(field.value)))
        }
        head.block.remove(.squillaDebug)
        guard let secret = settings.secret, values.count == 1, let dictionary = StructuredDictionary(values[0]) else {
            return false
        }
        var expires: Int64 = 0
        var given: [UInt8] = []
        for (key, value) in dictionary.members {
            switch value {
            case .integer(let number) where key.elementsEqual("expires".utf8): expires = number
            case .string(let text) where key.elementsEqual("signature".utf8): given = text
            default: return false
            }
        }
        guard expires > now, expires - now <= settings.maximumLifeSeconds else { return false }
        let wanted = signature(
            [UInt8](head.slice(head.host)), [UInt8](head.slice(head.path)), expires, secret)
        return Digest.areEqual(given, wanted)
    }
}
