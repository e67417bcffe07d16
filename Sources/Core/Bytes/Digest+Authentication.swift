extension Digest {
    /// HMAC (RFC 2104) of `message` under `key`: `byteCount` bytes.
    public func authenticate(_ message: [UInt8], key: [UInt8]) -> [UInt8] {
        let block = self == .sha384 || self == .sha512 ? 128 : 64
        var key = key
        if key.count > block {
            var digest: [UInt8] = []
            append(of: key.span, to: &digest)
            key = digest
        }
        key.append(contentsOf: repeatElement(0, count: block - key.count))
        var inner: [UInt8] = []
        append(of: (key.map { $0 ^ 0x36 } + message).span, to: &inner)
        var outer: [UInt8] = []
        append(of: (key.map { $0 ^ 0x5C } + inner).span, to: &outer)
        return outer
    }

    /// Compares in a time that does not tell where two differ.
    public static func areEqual(_ left: some Collection<UInt8>, _ right: some Collection<UInt8>) -> Bool {
        guard left.count == right.count else { return false }
        var difference: UInt8 = 0
        for (left, right) in zip(left, right) { difference |= left ^ right }
        return difference == 0
    }
}
