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
        let expected = signature(Array(value[...16]), settings)
        var difference: UInt8 = 0
        for (left, right) in zip(value[17...], expected) { difference |= left ^ right }
        return difference == 0 ? id : nil
    }

    private static func signature(_ text: [UInt8], _ settings: AffinitySettings) -> [UInt8] {
        var key = Array(settings.secret.utf8)
        if key.count > 64 {
            var digest: [UInt8] = []
            Digest.sha256.append(of: key.span, to: &digest)
            key = digest
        }
        key.append(contentsOf: repeatElement(0, count: 64 - key.count))
        var inner: [UInt8] = []
        let first = key.map { $0 ^ 0x36 } + Array(settings.cookie.utf8) + [0x3D] + text
        Digest.sha256.append(of: first.span, to: &inner)
        var outer: [UInt8] = []
        let second = key.map { $0 ^ 0x5C } + inner
        Digest.sha256.appendHexadecimal(of: second.span, to: &outer)
        return Array(outer[..<32])
    }
}
