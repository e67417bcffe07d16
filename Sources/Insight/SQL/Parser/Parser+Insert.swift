extension Parser {
    /// `INSERT INTO name [(columns)] query`
    mutating func insert() throws(SQLError) -> Insert {
        let start = index
        let position = try expect(.insert).position
        if token.text.uppercased() == "OVERWRITE" { throw unsupported("INSERT OVERWRITE is") }
        try expect(.into)
        _ = accept(.table)
        let table = try hinted(name("a table")).table
        let target = ObjectName(text: table.text, position: table.position)
        // A query in parentheses may stand there too.
        let startsQuery = [.select, .with, .values].contains(lookahead(1).keyword)
        let columns = at(.leftParenthesis) && !startsQuery ? try objectNames() : nil
        guard at(.select) || at(.with) || at(.values) || at(.leftParenthesis) else {
            throw unexpected(expecting: "a query to insert", keywords: [.select, .with, .values])
        }
        let query = try query()
        return Insert(
            target: target, columns: columns, query: query, text: source(since: start), position: position)
    }

    /// `EXECUTE STATEMENT SET BEGIN insert; … END`, or without the first word in Flink's older order.
    mutating func statementSet() throws(SQLError) -> [Insert] {
        if accept(.execute) {
            try expect(.statement)
            try expect(.set)
            try expect(.begin)
        } else {
            try expect(.begin)
            try expect(.statement)
            try expect(.set)
            try expect(.semicolon)
        }
        var inserts: [Insert] = []
        repeat {
            while accept(.semicolon) {}
            if at(.end), !inserts.isEmpty { break }
            guard at(.insert) else {
                throw unexpected(expecting: "INSERT INTO in a statement set", keywords: [.insert])
            }
            inserts.append(try insert())
            try checkLength(inserts.count)
            guard at(.semicolon) || at(.end) else {
                throw unexpected(expecting: "';' or END", keywords: Self.clauseWords + [.end])
            }
        } while !at(.end)
        try expect(.end)
        return inserts
    }
}
