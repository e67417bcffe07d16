extension Column {
    /// A column without a value.
    public static func nulls(_ type: FieldType, count: Int) -> Column {
        let storage: Storage
        switch type {
        case .bool: storage = .bool(Bitmap(repeating: false, count: count))
        case .int64, .timestamp: storage = .int64(Array(repeating: 0, count: count))
        case .float64: storage = .float64(Array(repeating: 0, count: count))
        case .ip: storage = .ip(Array(repeating: IPAddress(high: 0, low: 0), count: count))
        case .decimal: storage = .decimal(Array(repeating: 0, count: count))
        case .string, .bytes, .json:
            let empty = ByteStrings(offsets: [0, 0], bytes: [])
            storage = .dictionary(codes: Array(repeating: 0, count: count), values: empty)
        }
        return Column(type: type, count: count, validity: Bitmap(repeating: false, count: count), storage: storage)
    }

    /// Rows of `range`, copied.
    public func slice(_ range: Range<Int>) -> Column {
        let sliced: Storage
        switch storage {
        case .bool(let values): sliced = .bool(values.slice(range))
        case .int64(let values): sliced = .int64(Array(values[range]))
        case .float64(let values): sliced = .float64(Array(values[range]))
        case .ip(let values): sliced = .ip(Array(values[range]))
        case .decimal(let values): sliced = .decimal(Array(values[range]))
        case .dictionary(let codes, let values): sliced = .dictionary(codes: Array(codes[range]), values: values)
        case .byteStrings(let values): sliced = .byteStrings(values.slice(range))
        }
        return Column(type: type, count: range.count, validity: validity?.slice(range), storage: sliced)
    }

    /// The rows of the selection vector, in its order.
    public func select(rows: [UInt32]) -> Column {
        let selected: Storage
        switch storage {
        case .bool(let values): selected = .bool(values.select(rows: rows))
        case .int64(let values): selected = .int64(gather(values, rows))
        case .float64(let values): selected = .float64(gather(values, rows))
        case .ip(let values): selected = .ip(gather(values, rows))
        case .decimal(let values): selected = .decimal(gather(values, rows))
        case .dictionary(let codes, let values): selected = .dictionary(codes: gather(codes, rows), values: values)
        case .byteStrings(let values): selected = .byteStrings(values.select(rows: rows))
        }
        return Column(type: type, count: rows.count, validity: validity?.select(rows: rows), storage: selected)
    }

    /// All rows of `columns`, which are of `type`, one after the other.
    public static func concatenate(_ columns: [Column], type: FieldType) -> Column {
        if columns.count == 1 { return columns[0] }
        let rows = columns.reduce(0) { $0 + $1.count }
        var validity: Bitmap?
        if columns.contains(where: { $0.validity != nil }) {
            var bits = Bitmap()
            for column in columns { bits.append(column.validity ?? Bitmap(repeating: true, count: column.count)) }
            validity = bits
        }
        return Column(type: type, count: rows, validity: validity, storage: joined(columns, type: type, rows: rows))
    }

    private static func joined(_ columns: [Column], type: FieldType, rows: Int) -> Storage {
        switch type {
        case .bool:
            var bits = Bitmap()
            for column in columns { if case .bool(let values) = column.storage { bits.append(values) } }
            return .bool(bits)
        case .int64, .timestamp:
            return .int64(join(columns, rows) { if case .int64(let values) = $0 { values } else { [] } })
        case .float64:
            return .float64(join(columns, rows) { if case .float64(let values) = $0 { values } else { [] } })
        case .ip:
            return .ip(join(columns, rows) { if case .ip(let values) = $0 { values } else { [] } })
        case .decimal:
            return .decimal(join(columns, rows) { if case .decimal(let values) = $0 { values } else { [] } })
        case .string, .bytes, .json:
            return joinedStrings(columns, rows: rows)
        }
    }

    private static func joinedStrings(_ columns: [Column], rows: Int) -> Storage {
        let allCoded = columns.allSatisfy { if case .dictionary = $0.storage { true } else { false } }
        if allCoded {
            // The dictionaries stand one behind the other; equal values keep their own codes.
            var codes: [UInt32] = []
            codes.reserveCapacity(rows)
            var values = ByteStrings()
            for column in columns {
                guard case .dictionary(let own, let ownValues) = column.storage else { continue }
                let base = UInt32(values.count)
                for code in own { codes.append(code + base) }
                values.append(contentsOf: ownValues)
            }
            if values.count <= rows || rows == 0 { return .dictionary(codes: codes, values: values) }
        }
        var plain = ByteStrings()
        plain.offsets.reserveCapacity(rows + 1)
        for column in columns {
            switch column.storage {
            case .byteStrings(let values): plain.append(contentsOf: values)
            case .dictionary(let codes, let values): for code in codes { plain.append(values, row: Int(code)) }
            default: break
            }
        }
        return .byteStrings(plain)
    }

    private static func join<Value>(_ columns: [Column], _ rows: Int, _ values: (Storage) -> [Value]) -> [Value] {
        var all: [Value] = []
        all.reserveCapacity(rows)
        for column in columns { all.append(contentsOf: values(column.storage)) }
        return all
    }
}

private func gather<Value>(_ values: [Value], _ rows: [UInt32]) -> [Value] {
    [Value](capacity: rows.count) { output in
        for row in rows { output.append(values[Int(row)]) }
    }
}
