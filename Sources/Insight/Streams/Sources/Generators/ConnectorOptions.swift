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

    func text(_ name: String) -> String? { values[name] }

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
