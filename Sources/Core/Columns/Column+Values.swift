extension Column {
    /// The values of an `int64` or `timestamp` column.
    public var int64s: [Int64]? { if case .int64(let values) = storage { values } else { nil } }

    public var float64s: [Double]? { if case .float64(let values) = storage { values } else { nil } }

    public var bools: Bitmap? { if case .bool(let values) = storage { values } else { nil } }

    public var addresses: [IPAddress]? { if case .ip(let values) = storage { values } else { nil } }

    /// The values of a `decimal` column, in units of its scale.
    public var decimals: [Int128]? { if case .decimal(let values) = storage { values } else { nil } }

    /// The bytes of one row of a string, bytes or json column; `nil` where it is null or the column is another.
    /// For faces and tests: loops over rows switch over `storage` once, outside.
    public func bytes(_ row: Int) -> ArraySlice<UInt8>? {
        if isNull(row) { return nil }
        switch storage {
        case .byteStrings(let values): return values.bytes[values.range(row)]
        case .dictionary(let codes, let values): return values.bytes[values.range(Int(codes[row]))]
        default: return nil
        }
    }

    /// The text of one row of a string, bytes or json column; `nil` where it is null or the column is another.
    public func string(_ row: Int) -> String? {
        bytes(row).map { String(decoding: $0, as: UTF8.self) }
    }

    /// How many rows have no value.
    public var nullCount: Int { validity.map { count - $0.setCount } ?? 0 }
}
