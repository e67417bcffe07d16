import Bytes

/// Reads the values of one column out of bytes that may lie.
enum ColumnDecoder {
    static func column(
        _ header: BatchDecoder.Header, _ bytes: UnsafeRawBufferPointer, rowCount: Int
    ) throws(CodecError) -> Column {
        if header.encoding == .allNull {
            guard bytes.isEmpty, !header.hasBitmap else { throw CodecError(.malformed, "values where none are") }
            return Column.nulls(header.type, count: rowCount)
        }
        var reader = BoundedReader(bytes)
        var validity: Bitmap?
        if header.hasBitmap { validity = try bitmap(&reader, rowCount) }
        let storage = try self.storage(header, &reader, rowCount)
        try reader.expectEnd()
        return Column(type: header.type, count: rowCount, validity: validity, storage: storage)
    }

    private static func storage(
        _ header: BatchDecoder.Header, _ reader: inout BoundedReader, _ rows: Int
    ) throws(CodecError) -> Column.Storage {
        switch header.type {
        case .bool: return .bool(try bools(header.encoding, &reader, rows))
        case .int64, .timestamp: return .int64(try integers(header.encoding, &reader, rows))
        case .float64: return .float64(try doubles(header.encoding, &reader, rows))
        case .ip: return .ip(try addresses(header.encoding, &reader, rows))
        case .decimal: return .decimal(try decimals(header.encoding, &reader, rows))
        case .string, .bytes, .json: return try strings(header.encoding, &reader, rows)
        }
    }

    private static func bitmap(_ reader: inout BoundedReader, _ rows: Int) throws(CodecError) -> Bitmap {
        let bytes = try reader.take((rows + 63) / 64 * 8)
        return Bitmap(words: words(bytes, (rows + 63) / 64), count: rows)
    }

    private static func bools(
        _ encoding: ColumnEncoding, _ reader: inout BoundedReader, _ rows: Int
    ) throws(CodecError) -> Bitmap {
        switch encoding {
        case .plain: return try bitmap(&reader, rows)
        case .constant: return Bitmap(repeating: try reader.byte() != 0, count: rows)
        default: throw CodecError(.malformed, "an encoding that bools do not have")
        }
    }

    private static func integers(
        _ encoding: ColumnEncoding, _ reader: inout BoundedReader, _ rows: Int
    ) throws(CodecError) -> [Int64] {
        switch encoding {
        case .plain: return words(try reader.take(rows * 8), rows)
        case .constant: return Array(repeating: try reader.int64(), count: rows)
        case .frameOfReference:
            let least = try reader.int64()
            let width = try reader.width(upTo: 64)
            let packed = try reader.packed(count: rows, width: width)
            return BitPacking.unpack(packed, count: rows, width: width) { least &+ Int64(bitPattern: $0) }
        case .delta:
            guard rows > 0 else { throw CodecError(.malformed, "steps between no rows") }
            let first = try reader.int64()
            let leastStep = try reader.int64()
            let width = try reader.width(upTo: 64)
            let packed = try reader.packed(count: rows - 1, width: width)
            var value = first
            var steps = BitPacking.unpack(packed, count: rows - 1, width: width, extra: 1) {
                leastStep &+ Int64(bitPattern: $0)
            }
            steps.append(0)
            // Each slot becomes the sum of the steps before it.
            for row in steps.indices {
                let step = steps[row]
                steps[row] = value
                value = value &+ step
            }
            return steps
        default: throw CodecError(.malformed, "an encoding that integers do not have")
        }
    }

    private static func doubles(
        _ encoding: ColumnEncoding, _ reader: inout BoundedReader, _ rows: Int
    ) throws(CodecError) -> [Double] {
        switch encoding {
        case .plain: return words(try reader.take(rows * 8), rows)
        case .constant:
            return Array(repeating: Double(bitPattern: UInt64(bitPattern: try reader.int64())), count: rows)
        default: throw CodecError(.malformed, "an encoding that doubles do not have")
        }
    }

    private static func decimals(
        _ encoding: ColumnEncoding, _ reader: inout BoundedReader, _ rows: Int
    ) throws(CodecError) -> [Int128] {
        let limit = PowersOfTen.int128[FieldType.maximumDecimalDigits]
        switch encoding {
        case .plain:
            let values: [Int128] = words(try reader.take(rows * 16), rows)
            guard values.allSatisfy({ $0 < limit && $0 > -limit }) else {
                throw CodecError(.malformed, "a decimal of more than \(FieldType.maximumDecimalDigits) digits")
            }
            return values
        case .constant:
            let low = UInt64(bitPattern: try reader.int64())
            let value = Int128(try reader.int64()) << 64 | Int128(low)
            guard value < limit, value > -limit else {
                throw CodecError(.malformed, "a decimal of more than \(FieldType.maximumDecimalDigits) digits")
            }
            return Array(repeating: value, count: rows)
        case .frameOfReference, .delta: return try integers(encoding, &reader, rows).map { Int128($0) }
        default: throw CodecError(.malformed, "an encoding that decimals do not have")
        }
    }

    private static func addresses(
        _ encoding: ColumnEncoding, _ reader: inout BoundedReader, _ rows: Int
    ) throws(CodecError) -> [IPAddress] {
        switch encoding {
        case .plain:
            let bytes = try reader.take(rows * 16)
            return [IPAddress](capacity: rows) { output in
                for row in 0..<rows {
                    let high = bytes.loadUnaligned(fromByteOffset: row * 16, as: UInt64.self)
                    let low = bytes.loadUnaligned(fromByteOffset: row * 16 + 8, as: UInt64.self)
                    output.append(IPAddress(high: high, low: low))
                }
            }
        case .constant:
            let high = UInt64(bitPattern: try reader.int64())
            return Array(repeating: IPAddress(high: high, low: UInt64(bitPattern: try reader.int64())), count: rows)
        case .frameOfReference:
            let least = UInt64(bitPattern: try reader.int64())
            let width = try reader.width(upTo: 32)
            let packed = try reader.packed(count: rows, width: width)
            return BitPacking.unpack(packed, count: rows, width: width) {
                IPAddress(ipv4: UInt32(truncatingIfNeeded: least &+ $0))
            }
        default: throw CodecError(.malformed, "an encoding that addresses do not have")
        }
    }

    private static func strings(
        _ encoding: ColumnEncoding, _ reader: inout BoundedReader, _ rows: Int
    ) throws(CodecError) -> Column.Storage {
        switch encoding {
        case .plain:
            // The lengths come first and say how many bytes follow; here that must be all that is left.
            return .byteStrings(try byteStrings(&reader, rows))
        case .dictionary:
            let count = try reader.varint(upTo: rows, "number of distinct values")
            guard count > 0 else { throw CodecError(.malformed, "a dictionary without values") }
            let values = try byteStrings(&reader, count)
            let width = try reader.width(upTo: 32)
            let packed = try reader.packed(count: rows, width: width)
            let codes = BitPacking.unpack(packed, count: rows, width: width) { UInt32(truncatingIfNeeded: $0) }
            var greatest: UInt32 = 0
            for code in codes { greatest = max(greatest, code) }
            guard Int(greatest) < count else { throw CodecError(.malformed, "a code past the dictionary") }
            return .dictionary(codes: codes, values: values)
        default: throw CodecError(.malformed, "an encoding that strings do not have")
        }
    }

    private static func byteStrings(_ reader: inout BoundedReader, _ count: Int) throws(CodecError) -> ByteStrings {
        let width = try reader.width(upTo: 32)
        let packed = try reader.packed(count: count, width: width)
        var total: UInt64 = 0
        var offsets = BitPacking.unpack(packed, count: count, width: width, extra: 1) { length in
            defer { total &+= length }
            return UInt32(truncatingIfNeeded: total)
        }
        guard total <= UInt64(reader.remaining), total <= UInt64(UInt32.max) else {
            throw CodecError(.truncated, "strings of \(total) bytes announced, \(reader.remaining) there")
        }
        offsets.append(UInt32(total))
        return ByteStrings(offsets: offsets, bytes: Array(try reader.take(Int(total))))
    }

    private static func words<Word: BitwiseCopyable>(_ bytes: UnsafeRawBufferPointer, _ count: Int) -> [Word] {
        [Word](unsafeUninitializedCapacity: count) { buffer, initialized in
            UnsafeMutableRawBufferPointer(buffer).copyMemory(
                from: UnsafeRawBufferPointer(rebasing: bytes[..<(count * MemoryLayout<Word>.size)]))
            initialized = count
        }
    }
}
