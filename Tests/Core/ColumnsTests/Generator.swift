import Columns

/// Random batches from a seed (SplitMix64), so that a failure can be run again.
struct Generator: RandomNumberGenerator {
    static let types: [FieldType] = [
        .bool, .int64, .float64, .timestamp, .string, .bytes, .ip, .json, .decimal(scale: 0), .decimal(scale: 2),
        .decimal(scale: 38),
    ]

    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var value = state
        value = (value ^ (value >> 30)) &* 0xbf58_476d_1ce4_e5b9
        value = (value ^ (value >> 27)) &* 0x94d0_49bb_1331_11eb
        return value ^ (value >> 31)
    }

    /// A batch with one or two columns of each type, in one of several shapes each.
    mutating func batch(rows: Int) -> Batch {
        var fields: [Field] = []
        for type in Self.types {
            fields.append(Field("\(type)", type))
            fields.append(Field("other.\(type)", type))
        }
        let schema = Schema(fields)
        let columns = fields.map { column($0.type, rows: rows) }
        return Batch(schema: schema, rowCount: rows, columns: columns)
    }

    mutating func column(_ type: FieldType, rows: Int) -> Column {
        var builder = ColumnBuilder(type: type, capacity: rows)
        let nullsIn10 = [0, 0, 2, 9, 10].randomElement(using: &self) ?? 0
        let shape = Int.random(in: 0..<5, using: &self)
        for row in 0..<rows {
            if Int.random(in: 0..<10, using: &self) < nullsIn10 {
                builder.appendNull()
                continue
            }
            switch type {
            case .bool: builder.append(bool: shape == 0 || (shape > 1 && next() & 1 == 0))
            case .int64, .timestamp: builder.append(int64: integer(row, shape: shape))
            case .float64: builder.append(float64: double(shape: shape))
            case .ip: builder.append(ip: address(shape: shape))
            case .decimal: builder.append(decimal: decimal(row, shape: shape))
            case .string, .bytes, .json: builder.append(string: text(row, shape: shape))
            }
        }
        return builder.finish()
    }

    private mutating func integer(_ row: Int, shape: Int) -> Int64 {
        switch shape {
        case 0: -7
        case 1: 1_700_000_000_000_000 + Int64(row) * 1000 + Int64.random(in: -50...50, using: &self)
        case 2: Int64.random(in: 0...200, using: &self)
        case 3: [Int64.min, Int64.max, 0, -1].randomElement(using: &self) ?? 0
        default: Int64(bitPattern: next())
        }
    }

    private mutating func double(shape: Int) -> Double {
        switch shape {
        case 0: -0.0
        case 1: [Double.nan, .infinity, -.infinity, .leastNonzeroMagnitude].randomElement(using: &self) ?? 0
        default: Double(bitPattern: next())
        }
    }

    private mutating func decimal(_ row: Int, shape: Int) -> Int128 {
        let limit: Int128 = 100_000_000_000_000_000_000_000_000_000_000_000_000
        return switch shape {
        case 0: limit - 1
        case 1: [limit - 1, 1 - limit, 0, -1].randomElement(using: &self) ?? 0
        default: Int128(integer(row, shape: shape))
        }
    }

    private mutating func address(shape: Int) -> IPAddress {
        switch shape {
        case 0: IPAddress(ipv4: 0x7f00_0001)
        case 1: IPAddress(ipv4: UInt32(truncatingIfNeeded: next()))
        case 2: IPAddress(ipv4: 0x0a00_0000 + UInt32.random(in: 0..<255, using: &self))
        default: IPAddress(high: next(), low: next())
        }
    }

    private mutating func text(_ row: Int, shape: Int) -> String {
        switch shape {
        case 0: "same"
        case 1: ["GET", "POST", "", "grüße"].randomElement(using: &self) ?? ""
        case 2: "row \(row)"
        default: String(repeating: "x", count: Int.random(in: 0..<40, using: &self)) + String(next() % 1000)
        }
    }
}

/// Row by row: equal where both have a value, and null in the same rows.
func isSame(_ left: Column, _ right: Column) -> Bool {
    guard left.type == right.type, left.count == right.count else { return false }
    for row in 0..<left.count {
        if left.isNull(row) != right.isNull(row) { return false }
        if left.isNull(row) { continue }
        if let values = left.int64s {
            if values[row] != right.int64s?[row] { return false }
        } else if let values = left.float64s {
            if values[row].bitPattern != right.float64s?[row].bitPattern { return false }
        } else if let values = left.addresses {
            if values[row] != right.addresses?[row] { return false }
        } else if let values = left.bools {
            if values[row] != right.bools?[row] { return false }
        } else if let values = left.decimals {
            if values[row] != right.decimals?[row] { return false }
        } else if left.bytes(row) != right.bytes(row) {
            return false
        }
    }
    return true
}

func isSame(_ left: Batch, _ right: Batch) -> Bool {
    left.schema == right.schema && left.rowCount == right.rowCount
        && zip(left.columns, right.columns).allSatisfy { isSame($0, $1) }
}
