import Bytes
import Columns

/// 64 mixed bits of each value of a column; the same value has the same hash in every batch and encoding.
enum ValueHash {
    enum Hashes {
        case perRow([UInt64])
        case perCode([UInt64], codes: [UInt32])
    }

    /// Fixed: the sketches of two processes, or of two runs, merge.
    private static let seed: UInt64 = 0x5153_7175_696c_6c61

    static func hashes(of column: Column) -> Hashes {
        switch column.storage {
        case .int64(let values): .perRow(values.map { mix(UInt64(bitPattern: $0)) })
        case .float64(let values): .perRow(values.map { mix($0.keyBits) })
        case .bool(let values):
            .perRow((0..<values.count).map { mix(values[$0] ? 1 : 0) })
        case .ip(let values):
            .perRow(values.map { mix($0.low ^ mix($0.high)) })
        case .decimal(let values):
            .perRow(values.map { mix($0.halves.low ^ mix($0.halves.high)) })
        case .byteStrings(let strings): .perRow(hashes(of: strings))
        case .dictionary(let codes, let values): .perCode(hashes(of: values), codes: codes)
        }
    }

    /// Takes another column of the same rows into their hashes. A null is a value like others here.
    static func fold(_ column: Column, into hashes: inout [UInt64]) {
        let validity = column.validity
        if validity == nil, let values = column.int64s { return fold(values, into: &hashes) }
        switch Self.hashes(of: column) {
        case .perRow(let values):
            for row in hashes.indices {
                hashes[row] = mix(hashes[row] ^ (validity?[row] == false ? 0 : values[row]))
            }
        case .perCode(let values, let codes):
            for row in hashes.indices {
                let isNull = validity?[row] == false || values.isEmpty
                hashes[row] = mix(hashes[row] ^ (isNull ? 0 : values[Int(codes[row])]))
            }
        }
    }

    /// The usual key, without a second list.
    private static func fold(_ values: [Int64], into hashes: inout [UInt64]) {
        let values = values.span
        var out = hashes.mutableSpan
        for row in values.indices { out[row] = mix(out[row] ^ mix(UInt64(bitPattern: values[row]))) }
    }

    /// One round leaves neighbours in a regular pattern, which a sketch takes for more values than there are.
    static func mix(_ bits: UInt64) -> UInt64 { ByteHash.mix(ByteHash.mix(bits, seed: seed), seed: seed) }

    static func hash(_ bytes: Span<UInt8>) -> UInt64 { ByteHash.hash(bytes, seed: seed) }

    private static func hashes(of strings: ByteStrings) -> [UInt64] {
        let bytes = strings.bytes.span
        return [UInt64](capacity: strings.count) { out in
            for index in 0..<strings.count {
                out.append(ByteHash.hash(bytes.extracting(strings.range(index)), seed: seed))
            }
        }
    }
}

extension Double {
    /// The bits under which equal numbers are equal keys: one zero, one not-a-number.
    var keyBits: UInt64 { self == 0 ? 0 : isNaN ? Double.nan.bitPattern : bitPattern }
}
