import SQL

/// Reads the `WITH` list of a table, and knows what it may hold.
struct ConnectorOptions {
    let table: String
    let connector: String
    private let values: [String: String]

    /// - Parameters:
    ///   - known: names of options; one that ends with a star stands for all that begin so.
    init(table: String, connector: String, values: [String: String], known: [String]) throws(SQLError) {
        self.table = table
        self.connector = connector
        self.values = values
        for name in values.keys.sorted() where name != "connector" {
            let isKnown = known.contains { $0.hasSuffix("*") ? name.hasPrefix($0.dropLast()) : $0 == name }
            guard isKnown else {
                throw SQLError(
                    code: .invalidQuery, message: "table \(table): connector '\(connector)' has no option '\(name)'",
                    suggestion: "there are \(known.joined(separator: ", "))")
            }
        }
    }

    /// Of all options that are given, sorted.
    var names: [String] { values.keys.sorted() }

    func text(_ name: String) -> String? { values[name] }

    func flag(_ name: String) throws(SQLError) -> Bool? {
        switch values[name]?.lowercased() {
        case nil: return nil
        case "true": return true
        case "false": return false
        default: throw wrong(name, "must be true or false")
        }
    }

    /// One of some words, whatever their case.
    func word(_ name: String, among words: [String]) throws(SQLError) -> String? {
        guard let text = values[name]?.lowercased() else { return nil }
        guard words.contains(text) else { throw wrong(name, "must be \(words.joined(separator: " or "))") }
        return text
    }

    /// A length of time as Flink writes it: `10 s`, `5min`, `1 h`, `250 ms`; a bare number is milliseconds.
    ///
    /// - Returns: microseconds.
    func duration(_ name: String, _ range: ClosedRange<Int64>) throws(SQLError) -> Int64? {
        guard let text = values[name] else { return nil }
        guard let value = DurationText.microseconds(text), range.contains(value) else {
            let limits = "\(DurationText.of(range.lowerBound)) to \(DurationText.of(range.upperBound))"
            throw wrong(name, "must be a time from \(limits)")
        }
        return value
    }

    /// A number of bytes as Flink writes it: `128MB`, `64 kb`, `1g`; a bare number is bytes.
    func bytes(_ name: String, _ range: ClosedRange<Int>) throws(SQLError) -> Int? {
        guard let text = values[name]?.lowercased() else { return nil }
        let units = ["": 0, "b": 0, "bytes": 0, "k": 10, "kb": 10, "m": 20, "mb": 20, "g": 30, "gb": 30]
        let digits = text.prefix { $0.isASCII && $0.isNumber }
        let unit = text.dropFirst(digits.count).filter { $0 != " " }
        guard let number = Int(digits), let shift = units[String(unit)], number <= Int.max >> shift,
            range.contains(number << shift)
        else { throw wrong(name, "must be a size from \(range.lowerBound) to \(range.upperBound) bytes, as 128MB") }
        return number << shift
    }

    func missing(_ name: String) -> SQLError {
        SQLError(
            code: .invalidQuery, message: "table \(table): connector '\(connector)' lacks the option '\(name)'",
            suggestion: "write WITH ('connector' = '\(connector)', '\(name)' = '…')")
    }

    func integer(_ name: String, _ range: ClosedRange<Int>) throws(SQLError) -> Int? {
        guard let text = values[name] else { return nil }
        guard let value = Int(text), range.contains(value) else {
            throw wrong(name, "must be a whole number from \(range.lowerBound) to \(range.upperBound)")
        }
        return value
    }

    func number(_ name: String) throws(SQLError) -> Double? {
        guard let text = values[name] else { return nil }
        guard let value = Double(text), value.isFinite else { throw wrong(name, "must be a number") }
        return value
    }

    func wrong(_ name: String, _ what: String) -> SQLError {
        SQLError(
            code: .invalidQuery, message: "table \(table): option '\(name)' \(what), not '\(values[name] ?? "")'")
    }
}
