import Bytes

/// The value of an affinity cookie: an endpoint's identity and half of its HMAC-SHA-256 (RFC 2104), in hexadecimal. A
/// client that makes one up is not bound to anything.
enum AffinityCookie {
    private static let digits = Array("0123456789abcdef".utf8)

    static func write(_ id: UInt64, _ settings: AffinitySettings) -> [UInt8] {
        var out: [UInt8] = []
        for shift in stride(from: 60, through: 0, by: -4) { out.append(digits[Int(id >> UInt64(shift) & 15)]) }
        out.append(0x2E)
        out.append(contentsOf: signature(out, settings))
        return out
    }

    static func read(_ value: [UInt8], _ settings: AffinitySettings) -> UInt64? {
        guard value.count == 49, value[16] == 0x2E else { return nil }
        var id: UInt64 = 0
        for byte in value[..<16] {
            guard let digit = digits.firstIndex(of: byte) else { return nil }
            id = id << 4 | UInt64(digit)
        }
        return Digest.areEqual(value[17...], signature(Array(value[...16]), settings)) ? id : nil
    }

    private static func signature(_ text: [UInt8], _ settings: AffinitySettings) -> [UInt8] {
        let message = Array(settings.cookie.utf8) + [0x3D] + text
        let code = Digest.sha256.authenticate(message, key: Array(settings.secret.utf8))
        return code[..<16].flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }
    }
}
