import Bytes
import Columns

extension Batch {
    /// The columns of `schema` by name: what an older or narrower batch lacks is null, what it holds in a narrower
    /// type is widened, and what the wanted type cannot hold is null: of doubles that are wanted as integers, as they were
    /// before the column was widened, those that are no whole numbers.
    func widened(to schema: Schema) -> Batch {
        if schema == self.schema { return self }
        let widened = schema.fields.map { field -> Column in
            guard let column = column(field.name) else { return Column.nulls(field.type, count: rowCount) }
            return column.widened(to: field.type)
        }
        return Batch(schema: schema, rowCount: rowCount, columns: widened)
    }

    /// What a reader of `columns` gives of a frame.
    ///
    /// - Parameter schema: of those of the columns that the topic had when the reader was made.
    func given(_ schema: Schema, _ columns: [String]?, keepsTypes: Bool) -> Batch {
        if schema == self.schema { return self }
        guard keepsTypes else { return widened(to: schema) }
        var fields: [Field] = []
        var values: [Column] = []
        var names: Set<String> = []
        for name in columns ?? schema.fields.map(\.name) where names.insert(name).inserted {
            guard let column = column(name) else { continue }
            let isJSON = schema.index(of: name).map { schema.fields[$0].type == .json } ?? false
            let value = isJSON ? column.widened(to: .json) : column
            fields.append(Field(name, value.type))
            values.append(value)
        }
        return Batch(schema: Schema(fields), rowCount: rowCount, columns: values)
    }
}

extension Column {
    /// Off the hot path: a column changes its type once in a topic's life.
    func widened(to wide: FieldType) -> Column {
        if wide == type { return self }
        guard SchemaWidening.holds(wide, type) || (wide == .int64 && type == .float64) else {
            return Column.nulls(wide, count: count)
        }
        var builder = ColumnBuilder(type: wide, capacity: count)
        var text: [UInt8] = []
        for row in 0..<count {
            if isNull(row) {
                builder.appendNull()
            } else if wide == .int64, case .float64(let values) = storage {
                if let whole = Int64(exactly: values[row]) {
                    builder.append(int64: whole)
                } else {
                    builder.appendNull()
                }
            } else if wide == .float64, let values = int64s {
                builder.append(float64: Double(values[row]))
            } else if let scale = wide.decimalScale {
                if let value = rescaled(row, to: scale) { builder.append(decimal: value) } else { builder.appendNull() }
            } else {
                text.removeAll(keepingCapacity: true)
                appendJSON(row, to: &text)
                builder.append(bytes: text)
            }
        }
        return builder.finish()
    }

    /// An integer or a decimal of a smaller scale; `nil` where it has too many digits then.
    private func rescaled(_ row: Int, to scale: Int) -> Int128? {
        let unscaled = decimals?[row] ?? int64s.map { Int128($0[row]) } ?? 0
        let powers = PowersOfTen.int128
        let (value, overflow) = unscaled.multipliedReportingOverflow(by: powers[scale - (type.decimalScale ?? 0)])
        return overflow || value.magnitude >= powers[FieldType.maximumDecimalDigits].magnitude ? nil : value
    }

    private func appendJSON(_ row: Int, to output: inout [UInt8]) {
        switch storage {
        case .bool(let values): output.append(contentsOf: (values[row] ? "true" : "false").utf8)
        case .int64(let values) where type == .int64: NumberWriter.append(values[row], to: &output)
        case .int64(let values):
            output.append(UInt8(ascii: "\""))
            TimeWriter.appendISO8601(values[row], to: &output)
            output.append(UInt8(ascii: "\""))
        case .float64(let values):
            if values[row].isFinite {
                NumberWriter.append(values[row], to: &output)
            } else {
                output.append(contentsOf: "null".utf8)
            }
        case .ip(let values):
            output.append(UInt8(ascii: "\""))
            values[row].append(to: &output)
            output.append(UInt8(ascii: "\""))
        case .decimal(let values):
            NumberWriter.append(decimal: values[row], scale: type.decimalScale ?? 0, to: &output)
        case .byteStrings, .dictionary: Column.appendQuoted(bytes(row) ?? [], to: &output)
        }
    }

    private static func appendQuoted(_ bytes: ArraySlice<UInt8>, to output: inout [UInt8]) {
        output.append(UInt8(ascii: "\""))
        for byte in String(decoding: bytes, as: UTF8.self).utf8 {
            switch byte {
            case UInt8(ascii: "\""), UInt8(ascii: "\\"): output.append(contentsOf: [UInt8(ascii: "\\"), byte])
            case 0..<0x20:
                output.append(contentsOf: "\\u00".utf8)
                output.append(UInt8(ascii: byte < 16 ? "0" : "1"))
                output.append("0123456789abcdef".utf8.dropFirst(Int(byte & 15)).first ?? 0x30)
            default: output.append(byte)
            }
        }
        output.append(UInt8(ascii: "\""))
    }
}
