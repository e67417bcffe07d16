extension Parser {
    /// `TABLE [IF NOT EXISTS] name (…) [WITH (…)] [LIKE …]`, behind CREATE.
    ///
    /// - Parameter start: the statement's first token.
    mutating func createTable(since start: Int) throws(SQLError) -> TableDeclaration {
        try expect(.table)
        _ = try ifNotExists()
        var table = TableDeclaration(
            name: try name("a table's name").text, fields: [], timeColumn: nil, watermarkDelay: 0, options: [:])
        if accept(.leftParenthesis) {
            repeat {
                try tableElement(of: &table)
                try checkLength(table.fields.count + table.computed.count)
            } while accept(.comma)
            try expect(.rightParenthesis)
        }
        if accept(.comment) { try optionText("a comment") }
        if at(.partitioned) { throw unsupported("PARTITIONED BY is") }
        if accept(.with) { table.options = try options() }
        if at(.like) { table = try like(table) }
        try checkKey(of: table)
        table.text = source(since: start)
        declared[table.name] = table
        return table
    }

    private mutating func tableElement(of table: inout TableDeclaration) throws(SQLError) {
        if at(.watermark), lookahead(1).keyword == .for { return try watermark(of: &table) }
        if at(.constraint), lookahead(2).keyword == .primary {
            advance()
            advance()
        }
        if at(.primary), lookahead(1).keyword == .key {
            advance()
            advance()
            return try primaryKey(of: &table)
        }
        let name = try name("a column's name")
        let isTwin =
            table.fields.contains { $0.name == name.text }
            || table.computed.contains { $0.name.text == name.text }
        guard !isTwin else {
            throw SQLError(.ambiguousName, "column \(name.text) is declared twice", at: name.position)
        }
        if accept(.as) {
            let column = ComputedColumn(
                name: ObjectName(text: name.text, position: name.position),
                place: table.fields.count + table.computed.count, expression: try expression())
            table.computed.append(column)
            if accept(.comment) { try optionText("a comment") }
            return
        }
        let type = try typeName()
        table.fields.append(PlanField(name: name.text, type: try type.resolved()))
        if accept(.metadata) {
            let key = accept(.from) ? try optionText("the name of a row's property") : name.text
            table.metadata.append(
                MetadataColumn(name: ObjectName(text: name.text, position: name.position), key: key))
            // No column of this kind is ever written.
            if token.text.uppercased() == "VIRTUAL" { advance() }
        }
        if accept(.not) { try expect(.null) } else { _ = accept(.null) }
        if accept(.comment) { try optionText("a comment") }
    }

    /// `(columns) NOT ENFORCED`, behind PRIMARY KEY.
    private mutating func primaryKey(of table: inout TableDeclaration) throws(SQLError) {
        guard table.primaryKey.isEmpty else {
            throw SQLError(.invalidQuery, "a table has one primary key", at: token.position)
        }
        table.primaryKey = try objectNames()
        guard accept(.not) else {
            throw SQLError(
                .unsupported, "a primary key is not enforced", at: token.position,
                suggestion: "write PRIMARY KEY (…) NOT ENFORCED")
        }
        try expect(.enforced)
    }

    /// A key is of the source's columns, where these are declared.
    private func checkKey(of table: TableDeclaration) throws(SQLError) {
        for (index, column) in table.primaryKey.enumerated() {
            if table.primaryKey[..<index].contains(where: { $0.text == column.text }) {
                throw SQLError(.ambiguousName, "column \(column.text) is in the key twice", at: column.position)
            }
            let names = table.fields.map(\.name)
            guard names.isEmpty || names.contains(column.text) else {
                throw SQLError(
                    .unknownColumn, "there is no column \(column.text) for the key", at: column.position,
                    suggestion: Suggestion.phrase(for: column.text, among: names))
            }
        }
    }

    /// `WATERMARK FOR c AS c [- INTERVAL …]`
    private mutating func watermark(of table: inout TableDeclaration) throws(SQLError) {
        let start = advance().position
        try expect(.for)
        let column = try name("the column of event time")
        try expect(.as)
        guard table.timeColumn == nil else { throw SQLError(.invalidQuery, "a table has one watermark", at: start) }
        let delay = try expression()
        table.timeColumn = column.text
        switch delay {
        case .name(column): table.watermarkDelay = 0
        case .binary(.subtract, .name(let name), .literal(.intervalDaySecond(let microseconds), _), _)
        where name.text == column.text && microseconds >= 0:
            table.watermarkDelay = microseconds
        case .name(let name) where name.text == column.text: table.watermarkDelay = 0
        default:
            throw SQLError(
                .unsupported, "a watermark is the column less an interval", at: delay.position,
                suggestion: "WATERMARK FOR \(column.text) AS \(column.text) - INTERVAL '5' SECOND")
        }
    }

    @discardableResult
    mutating func optionText(_ what: String) throws(SQLError) -> String {
        guard token.kind == .text else { throw unexpected(expecting: "\(what) in single quotes") }
        return advance().text
    }

    /// `('key' = 'value', …)`
    mutating func options() throws(SQLError) -> [String: String] {
        try expect(.leftParenthesis)
        var options: [String: String] = [:]
        repeat {
            let position = token.position
            let key = try optionText("an option's name")
            try expect(.equal)
            let value = try optionText("the option's value")
            guard options.updateValue(value, forKey: key) == nil else {
                throw SQLError(.invalidQuery, "option '\(key)' is given twice", at: position)
            }
            try checkLength(options.count)
        } while accept(.comma)
        try expect(.rightParenthesis)
        return options
    }
}
