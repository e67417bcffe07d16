extension Parser {
    /// `TABLE [IF NOT EXISTS] name (…) [WITH (…)]`, behind CREATE.
    mutating func createTable() throws(SQLError) -> TableDeclaration {
        try expect(.table)
        _ = try ifNotExists()
        var table = TableDeclaration(
            name: try name("a table's name").text, fields: [], timeColumn: nil, watermarkDelay: 0, options: [:])
        if accept(.leftParenthesis) {
            repeat {
                try tableElement(of: &table)
                try checkLength(table.fields.count)
            } while accept(.comma)
            try expect(.rightParenthesis)
        }
        if accept(.comment) { try optionText("a comment") }
        if at(.partitioned) { throw unsupported("PARTITIONED BY is") }
        if accept(.with) { table.options = try options() }
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
            _ = try parenthesisedNames()
            if accept(.not) { try expect(.enforced) }
            return
        }
        let name = try name("a column's name")
        guard !table.fields.contains(where: { $0.name == name.text }) else {
            throw SQLError(.ambiguousName, "column \(name.text) is declared twice", at: name.position)
        }
        if at(.as) { throw unsupported("a computed column is") }
        let type = try typeName()
        table.fields.append(PlanField(name: name.text, type: try type.resolved()))
        if at(.metadata) { throw unsupported("a metadata column is") }
        if accept(.not) { try expect(.null) } else { _ = accept(.null) }
        if accept(.comment) { try optionText("a comment") }
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
