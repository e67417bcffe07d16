/// Unsigned integers side by side in `width` bits each, lowest bits first, padded to whole 64-bit words.
enum BitPacking {
    /// Bits that `value` needs.
    static func width(of value: UInt64) -> Int { 64 - value.leadingZeroBitCount }

    static func byteCount(values: Int, width: Int) -> Int { (values * width + 63) / 64 * 8 }

    static func pack(count: Int, width: Int, to buffer: inout [UInt8], _ value: (Int) -> UInt64) {
        if width == 0 || count == 0 { return }
        let wordCount = (count * width + 63) / 64
        let words = [UInt64](capacity: wordCount) { output in
            var word: UInt64 = 0
            var used = 0
            for index in 0..<count {
                let next = value(index)
                word |= next << UInt64(used)
                used += width
                if used >= 64 {
                    output.append(word)
                    used -= 64
                    // A shift by 64 gives 0 in Swift, which is what is left when the value ended with the word.
                    word = next >> UInt64(width - used)
                }
            }
            if used > 0 { output.append(word.littleEndian) }
        }
        words.withUnsafeBytes { buffer.append(contentsOf: $0) }
    }

    /// - Parameter extra: room for values to be appended later.
    /// - Precondition: `bytes` holds `byteCount(values: count, width: width)` bytes; `width` is 0 to 64.
    static func unpack<Value>(
        _ bytes: UnsafeRawBufferPointer, count: Int, width: Int, extra: Int = 0, _ make: (UInt64) -> Value
    ) -> [Value] {
        precondition(bytes.count >= byteCount(values: count, width: width) && width >= 0 && width <= 64)
        guard width > 0, let base = bytes.baseAddress else {
            return [Value](capacity: count + extra) { output in
                for _ in 0..<count { output.append(make(0)) }
            }
        }
        switch width {
        case 8: return whole(base, count, extra) { make(UInt64($0 as UInt8)) }
        case 16: return whole(base, count, extra) { make(UInt64($0 as UInt16)) }
        case 32: return whole(base, count, extra) { make(UInt64($0 as UInt32)) }
        case 64: return whole(base, count, extra) { make($0 as UInt64) }
        default: break
        }
        let mask = UInt64.max >> UInt64(64 - width)
        return [Value](capacity: count + extra) { output in
            var index = 0
            var bit = 0
            if width <= 56 {
                // One load of 8 bytes holds the whole value; the last values would load past the end.
                let last = bytes.count - 8
                while index < count, bit >> 3 <= last {
                    let word = base.loadUnaligned(fromByteOffset: bit >> 3, as: UInt64.self)
                    output.append(make((word >> UInt64(bit & 7)) & mask))
                    bit += width
                    index += 1
                }
            }
            while index < count {
                let first = base.loadUnaligned(fromByteOffset: (bit >> 6) << 3, as: UInt64.self)
                let shift = UInt64(bit & 63)
                var value = first >> shift
                if (bit & 63) + width > 64 {
                    value |= base.loadUnaligned(fromByteOffset: ((bit >> 6) + 1) << 3, as: UInt64.self) << (64 - shift)
                }
                output.append(make(value & mask))
                bit += width
                index += 1
            }
        }
    }

    private static func whole<Stored: BitwiseCopyable, Value>(
        _ base: UnsafeRawPointer, _ count: Int, _ extra: Int, _ make: (Stored) -> Value
    ) -> [Value] {
        [Value](capacity: count + extra) { output in
            for index in 0..<count {
                let stored = base.loadUnaligned(fromByteOffset: index * MemoryLayout<Stored>.size, as: Stored.self)
                output.append(make(stored))
            }
        }
    }
}
