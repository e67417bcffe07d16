import Bytes

extension IPAddress: CustomStringConvertible {
    /// - Parameter ipv4: the four bytes, first one highest.
    public init(ipv4: UInt32) {
        self.init(high: 0, low: 0xffff_0000_0000 | UInt64(ipv4))
    }

    /// 4 or 16 bytes in network order, as in a `sockaddr`; `nil` for any other count.
    public init?(networkBytes bytes: Span<UInt8>) {
        if bytes.count == 4 {
            var value: UInt32 = 0
            for index in 0..<4 { value = value << 8 | UInt32(bytes[index]) }
            self.init(ipv4: value)
            return
        }
        guard bytes.count == 16 else { return nil }
        var high: UInt64 = 0
        var low: UInt64 = 0
        for index in 0..<8 {
            high = high << 8 | UInt64(bytes[index])
            low = low << 8 | UInt64(bytes[index + 8])
        }
        self.init(high: high, low: low)
    }

    public var isIPv4: Bool { high == 0 && low >> 32 == 0xffff }

    /// The four bytes of an IPv4 address, first one highest.
    public var ipv4: UInt32? { isIPv4 ? UInt32(truncatingIfNeeded: low) : nil }

    public init?(_ text: String) {
        let bytes = Array(text.utf8)
        self.init(text: bytes.span)
    }

    /// Dotted IPv4 or IPv6 in the forms of RFC 4291, section 2.2, without brackets, zone or prefix length.
    public init?(text bytes: Span<UInt8>) {
        guard bytes.count >= 2, bytes.count <= 45 else { return nil }
        for index in 0..<min(5, bytes.count) where bytes[index] == UInt8(ascii: ":") {
            guard let address = Self.ipv6(bytes) else { return nil }
            self = address
            return
        }
        guard let value = Self.ipv4(bytes, from: 0) else { return nil }
        self.init(ipv4: value)
    }

    private static func ipv4(_ bytes: Span<UInt8>, from start: Int) -> UInt32? {
        var value: UInt32 = 0
        var part: UInt32 = 0
        var digits = 0
        var dots = 0
        var index = start
        while index < bytes.count {
            let byte = bytes[index]
            if byte == UInt8(ascii: ".") {
                guard digits > 0, dots < 3 else { return nil }
                value = value << 8 | part
                part = 0
                digits = 0
                dots += 1
            } else {
                // A zero in front would be octal to some readers.
                guard byte &- 48 < 10, digits < 3, digits == 0 || part > 0 else { return nil }
                part = part * 10 + UInt32(byte &- 48)
                guard part < 256 else { return nil }
                digits += 1
            }
            index += 1
        }
        return dots == 3 && digits > 0 ? value << 8 | part : nil
    }

    private static func ipv6(_ bytes: Span<UInt8>) -> IPAddress? {
        var groups = InlineArray<8, UInt16>(repeating: 0)
        var count = 0
        var gap: Int?
        var index = 0
        let end = bytes.count
        if bytes[0] == 58 {
            guard bytes[1] == 58 else { return nil }
            gap = 0
            index = 2
        }
        while index < end {
            guard count < 8 else { return nil }
            var value: UInt32 = 0
            let start = index
            while index < end, index - start < 4, let digit = hexDigit(bytes[index]) {
                value = value << 4 | UInt32(digit)
                index += 1
            }
            if index < end, bytes[index] == UInt8(ascii: ".") {
                guard count <= 6, let tail = ipv4(bytes, from: start) else { return nil }
                groups[count] = UInt16(truncatingIfNeeded: tail >> 16)
                groups[count + 1] = UInt16(truncatingIfNeeded: tail)
                count += 2
                index = end
                break
            }
            guard index > start else { return nil }
            groups[count] = UInt16(truncatingIfNeeded: value)
            count += 1
            if index == end { break }
            guard bytes[index] == 58, index + 1 < end else { return nil }
            index += 1
            if bytes[index] == 58 {
                guard gap == nil else { return nil }
                gap = count
                index += 1
            }
        }
        guard gap != nil ? count < 8 : count == 8 else { return nil }
        return assemble(groups, count: count, gap: gap ?? count)
    }

    private static func assemble(_ groups: InlineArray<8, UInt16>, count: Int, gap: Int) -> IPAddress {
        var high: UInt64 = 0
        var low: UInt64 = 0
        for position in 0..<8 {
            let fromEnd = position - (8 - count)
            let group: UInt16 = position < gap ? groups[position] : fromEnd >= gap ? groups[fromEnd] : 0
            if position < 4 { high = high << 16 | UInt64(group) } else { low = low << 16 | UInt64(group) }
        }
        return IPAddress(high: high, low: low)
    }

    private static func hexDigit(_ byte: UInt8) -> UInt8? {
        if byte &- 48 < 10 { return byte &- 48 }
        let letter = (byte | 0x20) &- 97
        return letter < 6 ? letter + 10 : nil
    }

    /// The canonical text (RFC 5952; IPv4 dotted) at the end of `buffer`.
    public func append(to buffer: inout [UInt8]) {
        if isIPv4 {
            for index in 0..<4 {
                if index > 0 { buffer.append(UInt8(ascii: ".")) }
                NumberWriter.append((low >> UInt64(24 - 8 * index)) & 255, to: &buffer)
            }
            return
        }
        let run = longestZeroRun()
        var index = 0
        while index < 8 {
            if index == run.start {
                buffer.append(58)
                buffer.append(58)
                index = run.end
                continue
            }
            if index > 0, index != run.end { buffer.append(58) }
            NumberWriter.appendHexadecimal(UInt64(group(index)), to: &buffer)
            index += 1
        }
    }

    public var description: String {
        var buffer: [UInt8] = []
        append(to: &buffer)
        return String(decoding: buffer, as: UTF8.self)
    }

    private func group(_ index: Int) -> UInt16 {
        UInt16(truncatingIfNeeded: (index < 4 ? high : low) >> UInt64(48 - 16 * (index & 3)))
    }

    /// The first longest run of two or more zero groups; `-1 ..< -1` when there is none.
    private func longestZeroRun() -> (start: Int, end: Int) {
        var best = (start: -1, end: -1)
        var start = 0
        while start < 8 {
            var end = start
            while end < 8, group(end) == 0 { end += 1 }
            if end - start >= 2, end - start > best.end - best.start { best = (start, end) }
            start = max(end, start + 1)
        }
        return best
    }
}
