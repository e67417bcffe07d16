import Bytes

/// Values written as bare text, as in CSV.
enum FieldText {
    /// Appends the value that `text` stands for in a column of the builder's type.
    /// - Returns: `false`, with nothing appended, when it stands for none.
    static func append(_ text: Span<UInt8>, to builder: inout ColumnBuilder) -> Bool {
        switch builder.type {
        case .string, .bytes, .json: builder.append(bytes: text)
        case .int64:
            guard let value = NumberParser.int64(text) else { return false }
            builder.append(int64: value)
        case .float64:
            guard let value = NumberParser.float64(text) else { return false }
            builder.append(float64: value)
        case .timestamp:
            guard let value = TimeParser.iso8601(text) else { return false }
            builder.append(int64: value)
        case .ip:
            guard let value = IPAddress(text: text) else { return false }
            builder.append(ip: value)
        case .decimal(let scale):
            guard case .value(let value) = NumberParser.decimal(text, scale: Int(scale)) else { return false }
            builder.append(decimal: value)
        case .bool:
            guard let value = bool(text) else { return false }
            builder.append(bool: value)
        }
        return true
    }

    static func kind(_ text: Span<UInt8>) -> ValueKinds {
        if NumberParser.int64(text) != nil { return .integer }
        if bool(text) != nil { return .bool }
        if NumberParser.float64(text) != nil { return .double }
        return TimeParser.dateTime(text) != nil ? .time : .text
    }

    private static func bool(_ text: Span<UInt8>) -> Bool? {
        if text.isEqual(to: "true") || text.isEqual(to: "TRUE") { return true }
        return text.isEqual(to: "false") || text.isEqual(to: "FALSE") ? false : nil
    }
}
