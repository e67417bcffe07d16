import Bytes

/// Writes the values of one column and chooses how.
enum ColumnEncoder {
    static func appendIntegers(_ values: [Int64], validity: Bitmap?, to buffer: inout [UInt8]) -> ColumnEncoding {
        guard let validity else { return appendIntegers(values, to: &buffer) }
        if validity.setCount == 0, !values.isEmpty {
            append(Int64(0), to: &buffer)
            return .constant
        }
        // Slots of null rows hold anything; they take the value before them, so that they widen nothing.
        var filled = values
        var last: Int64 = 0
        for row in filled.indices where validity[row] {
            last = filled[row]
            break
        }
        for row in filled.indices {
            if validity[row] { last = filled[row] } else { filled[row] = last }
        }
        return appendIntegers(filled, to: &buffer)
    }

    private static func appendIntegers(_ values: [Int64], to buffer: inout [UInt8]) -> ColumnEncoding {
        guard let first = values.first else { return .plain }
        var least = first
        var greatest = first
        for value in values {
            least = min(least, value)
            greatest = max(greatest, value)
        }
        if least == greatest {
            append(first, to: &buffer)
            return .constant
        }
        var leastStep = Int64.max
        var greatestStep = Int64.min
        var previous = first
        for value in values.dropFirst() {
            let step = value &- previous
            leastStep = min(leastStep, step)
            greatestStep = max(greatestStep, step)
            previous = value
        }
        // The differences are right modulo 2^64, which is all that unpacking needs.
        let width = BitPacking.width(of: UInt64(bitPattern: greatest &- least))
        let stepWidth = BitPacking.width(of: UInt64(bitPattern: greatestStep &- leastStep))
        if min(width, stepWidth) > 56 {
            values.withUnsafeBytes { buffer.append(contentsOf: $0) }
            return .plain
        }
        if stepWidth + 1 < width {
            append(first, to: &buffer)
            append(leastStep, to: &buffer)
            buffer.append(UInt8(stepWidth))
            let span = values.span
            BitPacking.pack(count: values.count - 1, width: stepWidth, to: &buffer) {
                UInt64(bitPattern: span[$0 + 1] &- span[$0] &- leastStep)
            }
            return .delta
        }
        append(least, to: &buffer)
        buffer.append(UInt8(width))
        let span = values.span
        BitPacking.pack(count: values.count, width: width, to: &buffer) { UInt64(bitPattern: span[$0] &- least) }
        return .frameOfReference
    }

    static func appendDoubles(_ values: [Double], to buffer: inout [UInt8]) -> ColumnEncoding {
        guard let first = values.first else { return .plain }
        let isConstant = values.allSatisfy { $0.bitPattern == first.bitPattern }
        if isConstant {
            append(Int64(bitPattern: first.bitPattern), to: &buffer)
            return .constant
        }
        values.withUnsafeBytes { buffer.append(contentsOf: $0) }
        return .plain
    }

    static func appendDecimals(_ values: [Int128], validity: Bitmap?, to buffer: inout [UInt8]) -> ColumnEncoding {
        guard let first = values.first else { return .plain }
        if values.allSatisfy({ $0 == first }) {
            append(first, to: &buffer)
            return .constant
        }
        guard values.allSatisfy({ $0 == Int128(Int64(truncatingIfNeeded: $0)) }) else {
            for value in values { append(value, to: &buffer) }
            return .plain
        }
        let integers = values.map { Int64(truncatingIfNeeded: $0) }
        let start = buffer.count
        let encoding = appendIntegers(integers, validity: validity, to: &buffer)
        if encoding == .frameOfReference || encoding == .delta { return encoding }
        // What integers have in 8 bytes each is here a distance from 0 of 64 bits.
        buffer.removeLast(buffer.count - start)
        append(Int64(0), to: &buffer)
        buffer.append(64)
        integers.withUnsafeBytes { buffer.append(contentsOf: $0) }
        return .frameOfReference
    }

    static func appendBools(_ values: Bitmap, to buffer: inout [UInt8]) -> ColumnEncoding {
        let set = values.setCount
        if values.count > 0, set == 0 || set == values.count {
            buffer.append(set == 0 ? 0 : 1)
            return .constant
        }
        values.words.withUnsafeBytes { buffer.append(contentsOf: $0) }
        return .plain
    }

    static func appendAddresses(_ values: [IPAddress], validity: Bitmap?, to buffer: inout [UInt8]) -> ColumnEncoding {
        guard let first = values.first else { return .plain }
        if validity == nil, values.allSatisfy({ $0 == first }) {
            append(Int64(bitPattern: first.high), to: &buffer)
            append(Int64(bitPattern: first.low), to: &buffer)
            return .constant
        }
        var least = UInt32.max
        var greatest = UInt32.min
        var allIPv4 = true
        for (row, address) in values.enumerated() {
            if let validity, !validity[row] { continue }
            guard let value = address.ipv4 else {
                allIPv4 = false
                break
            }
            least = min(least, value)
            greatest = max(greatest, value)
        }
        if allIPv4, least <= greatest {
            append(Int64(least), to: &buffer)
            let width = BitPacking.width(of: UInt64(greatest - least))
            buffer.append(UInt8(width))
            let base = UInt64(least)
            let mask = width == 0 ? 0 : UInt64.max >> UInt64(64 - width)
            let span = values.span
            BitPacking.pack(count: values.count, width: width, to: &buffer) {
                ((span[$0].low & 0xffff_ffff) &- base) & mask
            }
            return .frameOfReference
        }
        for address in values {
            append(Int64(bitPattern: address.high), to: &buffer)
            append(Int64(bitPattern: address.low), to: &buffer)
        }
        return .plain
    }

    /// Width and packed lengths, then the bytes.
    static func appendStrings(_ values: ByteStrings, to buffer: inout [UInt8]) {
        let offsets = values.offsets.span
        var longest: UInt32 = 0
        for index in 0..<values.count { longest = max(longest, offsets[index + 1] - offsets[index]) }
        let width = BitPacking.width(of: UInt64(longest))
        buffer.append(UInt8(width))
        BitPacking.pack(count: values.count, width: width, to: &buffer) { UInt64(offsets[$0 + 1] - offsets[$0]) }
        let end = Int(offsets[values.count])
        values.bytes.withUnsafeBufferPointer { buffer.append(contentsOf: UnsafeBufferPointer(rebasing: $0[..<end])) }
    }

    static func appendDictionary(_ codes: [UInt32], _ values: ByteStrings, to buffer: inout [UInt8]) -> ColumnEncoding {
        if values.count > codes.count || values.count == 0 {
            // A slice or a selection may drag a long dictionary along; only what is used is worth writing.
            var plain = ByteStrings()
            for code in codes { plain.append(values, row: Int(code)) }
            appendStrings(plain, to: &buffer)
            return .plain
        }
        Varint.append(UInt64(values.count), to: &buffer)
        appendStrings(values, to: &buffer)
        let width = BitPacking.width(of: UInt64(values.count - 1))
        buffer.append(UInt8(width))
        let span = codes.span
        BitPacking.pack(count: codes.count, width: width, to: &buffer) { UInt64(span[$0]) }
        return .dictionary
    }

    private static func append(_ value: Int128, to buffer: inout [UInt8]) {
        append(Int64(truncatingIfNeeded: value), to: &buffer)
        append(Int64(truncatingIfNeeded: value >> 64), to: &buffer)
    }

    private static func append(_ value: Int64, to buffer: inout [UInt8]) {
        withUnsafeBytes(of: value.littleEndian) { buffer.append(contentsOf: $0) }
    }
}
