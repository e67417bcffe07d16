import CPlatform
import Glibc

extension Span where Element == UInt8 {
    /// The first `byte` at or after `start`.
    public func firstIndex(of byte: UInt8, from start: Int = 0) -> Int? {
        precondition(start >= 0, "a negative index")
        return withUnsafeBufferPointer { buffer in
            guard let base = buffer.baseAddress else { return nil }
            var index = start
            // Names and values are short, most of them.
            while index + 16 <= buffer.count, index < start + 32 {
                let bits = squilla_mask16_equal(base + index, byte)
                if bits != 0 { return index + bits.trailingZeroBitCount }
                index += 16
            }
            while index + 64 <= buffer.count {
                let bits = squilla_mask64_equal(base + index, byte)
                if bits != 0 { return index + bits.trailingZeroBitCount }
                index += 64
            }
            guard index < buffer.count, let found = memchr(base + index, Int32(byte), buffer.count - index) else {
                return nil
            }
            return UnsafeRawPointer(found) - UnsafeRawPointer(base)
        }
    }

    /// The first byte at or after `start` that is `first` or `second`.
    public func firstIndex(ofEither first: UInt8, or second: UInt8, from start: Int = 0) -> Int? {
        withUnsafeBufferPointer { buffer in
            guard let base = buffer.baseAddress else { return nil }
            return scan(count: buffer.count, from: start) {
                squilla_mask64_either(base + $0, first, second)
            } rest: {
                base[$0] == first || base[$0] == second
            }
        }
    }

    /// Where the three bytes first stand in a row at or after `start`.
    public func firstIndex(ofTriple first: UInt8, _ second: UInt8, _ third: UInt8, from start: Int = 0) -> Int? {
        precondition(start >= 0, "a negative index")
        return withUnsafeBufferPointer { buffer in
            guard let base = buffer.baseAddress else { return nil }
            var index = start
            while index + 66 <= buffer.count {
                let bits = squilla_mask64_triple(base + index, first, second, third)
                if bits != 0 { return index + bits.trailingZeroBitCount }
                index += 64
            }
            while index + 2 < buffer.count {
                if base[index] == first, base[index + 1] == second, base[index + 2] == third { return index }
                index += 1
            }
            return nil
        }
    }

    /// The first line end at or after `start` with an empty line behind it, whose own end may be CRLF or LF.
    public func firstIndexOfHeadEnd(from start: Int = 0) -> Int? {
        precondition(start >= 0, "a negative index")
        return withUnsafeBufferPointer { buffer in
            guard let base = buffer.baseAddress else { return nil }
            var index = start
            while index + 18 <= buffer.count {
                let bits = squilla_mask16_head_end(base + index)
                if bits != 0 { return index + bits.trailingZeroBitCount }
                index += 16
            }
            while index + 1 < buffer.count {
                if base[index] == 0x0A {
                    if base[index + 1] == 0x0A { return index }
                    if base[index + 1] == 0x0D, index + 2 < buffer.count, base[index + 2] == 0x0A { return index }
                }
                index += 1
            }
            return nil
        }
    }

    /// The first byte at or after `start` that a JSON string cannot hold as it is, or that is not ASCII.
    public func firstIndexOfJSONSpecial(from start: Int = 0) -> Int? {
        precondition(start >= 0, "a negative index")
        return withUnsafeBufferPointer { buffer in
            guard let base = buffer.baseAddress else { return nil }
            var index = start
            while index + 16 <= buffer.count {
                let bits = squilla_mask16_json_special(base + index)
                if bits != 0 { return index + bits.trailingZeroBitCount }
                index += 16
            }
            while index < buffer.count {
                let byte = base[index]
                if byte < 0x20 || byte >= 0x80 || byte == 0x22 || byte == 0x5c { return index }
                index += 1
            }
            return nil
        }
    }

    /// The first byte at or after `start` that an HTTP field value cannot hold: a control other than tab, or DEL.
    public func firstIndexOfFieldEnd(from start: Int = 0) -> Int? {
        withUnsafeBufferPointer { buffer in
            guard let base = buffer.baseAddress else { return nil }
            precondition(start >= 0, "a negative index")
            var index = start
            // Most values are short.
            while index + 16 <= buffer.count, index < start + 64 {
                let bits = squilla_mask16_field_end(base + index)
                if bits != 0 { return index + bits.trailingZeroBitCount }
                index += 16
            }
            return scan(count: buffer.count, from: index) {
                squilla_mask64_field_end(base + $0)
            } rest: {
                base[$0] < 0x20 ? base[$0] != 0x09 : base[$0] == 0x7F
            }
        }
    }

    /// How often `byte` occurs.
    public func count(of byte: UInt8) -> Int {
        withUnsafeBufferPointer { buffer in
            guard let base = buffer.baseAddress else { return 0 }
            var total = 0
            var index = 0
            while index + 64 <= buffer.count {
                total += squilla_mask64_equal(base + index, byte).nonzeroBitCount
                index += 64
            }
            while index < buffer.count {
                if base[index] == byte { total += 1 }
                index += 1
            }
            return total
        }
    }

    @inline(__always)
    private func scan(count: Int, from start: Int, mask: (Int) -> UInt64, rest: (Int) -> Bool) -> Int? {
        precondition(start >= 0, "a negative index")
        var index = start
        while index + 64 <= count {
            let bits = mask(index)
            if bits != 0 { return index + bits.trailingZeroBitCount }
            index += 64
        }
        while index < count {
            if rest(index) { return index }
            index += 1
        }
        return nil
    }
}
