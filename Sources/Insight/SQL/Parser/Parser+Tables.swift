extension Parser {
    /// What stands after `FROM`: a table, a query in parentheses, a window over one of them, or the patterns in it.
    mutating func tableReference() throws(SQLError) -> TableReference {
        try enter()
        defer { leave() }
        return try matched(try unmatchedReference())
    }

    private mutating func unmatchedReference() throws(SQLError) -> TableReference {
        if at(.leftParenthesis) {
            let position = advance().position
            if at(.leftParenthesis) || at(.select) || at(.with) || at(.values) {
                let query = try query()
                try expect(.rightParenthesis)
                return .query(query, alias: try tableAlias(), position)
            }
            let inner = try tableReference()
            try refuseJoins()
            try expect(.rightParenthesis)
            return inner
        }
        if at(.lateral) || at(.unnest) && lookahead(1).kind == .symbol(.leftParenthesis) {
            throw unsupported("\(token.text.uppercased()) is")
        }
        if at(.table), lookahead(1).kind == .symbol(.leftParenthesis) {
            advance()
            advance()
            let window = try windowFunction()
            try expect(.rightParenthesis)
            return .window(window, alias: try tableAlias())
        }
        if lookahead(1).kind == .symbol(.leftParenthesis), token.keyword.map({ !$0.isReserved }) ?? true, atName {
            return .window(try windowFunction(), alias: try tableAlias())
        }
        _ = accept(.table)
        let name = try name("a table")
        if at(.for) { throw unsupported("FOR SYSTEM_TIME is") }
        return .table(name, alias: try tableAlias())
    }

    mutating func tableAlias() throws(SQLError) -> TableAlias? {
        if at(word: "MATCH_RECOGNIZE"), lookahead(1).kind == .symbol(.leftParenthesis) { return nil }
        guard let name = try optionalAlias() else { return nil }
        return TableAlias(name: name, columns: at(.leftParenthesis) ? try parenthesisedNames() : [])
    }

    /// Joins are of a later version; say so where they would begin.
    func refuseJoins() throws(SQLError) {
        let words: [Keyword] = [.join, .inner, .left, .right, .full, .cross, .natural]
        if at(.comma) || token.keyword.map(words.contains) == true { throw unsupported("a join is") }
    }

    // MARK: Windows

    /// Arguments of a window function as they were written, by parameter.
    private struct WindowArguments {
        var data: TableReference?
        var timeColumn: Name?
        var slide: Expression?
        var size: Expression?
        var offset: Expression?
    }

    private mutating func windowFunction() throws(SQLError) -> WindowReference {
        let nameToken = token
        guard let function = WindowReference.Function(rawValue: nameToken.text.uppercased()) else {
            if at(.cumulate) || at(.session) { throw unsupported("\(token.text.uppercased()) is") }
            let names = WindowReference.Function.tumble.rawValue + " or " + WindowReference.Function.hop.rawValue
            throw SQLError(
                .unknownFunction, "\(nameToken.text) is no table function", at: nameToken.position,
                suggestion: Suggestion.phrase(for: nameToken.text, among: ["TUMBLE", "HOP"]) ?? "there are \(names)")
        }
        advance()
        try expect(.leftParenthesis)
        var arguments = WindowArguments()
        let isNamed = atName && lookahead(1).kind == .symbol(.arrow)
        if isNamed {
            repeat { try namedArgument(of: function, into: &arguments) } while accept(.comma)
        } else {
            try positionalArguments(of: function, into: &arguments)
        }
        guard at(.rightParenthesis) else { throw unexpected(expecting: "',' or ')' in \(function.rawValue)") }
        advance()
        return try window(function, arguments, at: nameToken.position)
    }

    private func window(
        _ function: WindowReference.Function, _ arguments: WindowArguments, at position: SourcePosition
    ) throws(SQLError) -> WindowReference {
        let usage =
            function == .tumble
            ? "TABLE(TUMBLE(TABLE t, DESCRIPTOR(time), INTERVAL '10' SECOND))"
            : "TABLE(HOP(TABLE t, DESCRIPTOR(time), INTERVAL '2' SECOND, INTERVAL '10' SECOND))"
        func missing(_ what: String) -> SQLError {
            SQLError(.syntax, "\(function.rawValue) lacks its \(what)", at: position, suggestion: "write \(usage)")
        }
        guard let data = arguments.data else { throw missing("table") }
        guard let timeColumn = arguments.timeColumn else { throw missing("time column") }
        guard let size = arguments.size else { throw missing("size") }
        if function == .hop, arguments.slide == nil { throw missing("slide") }
        return WindowReference(
            function: function, input: data, timeColumn: timeColumn, slide: arguments.slide, size: size,
            offset: arguments.offset, position: position)
    }

    private mutating func positionalArguments(
        of function: WindowReference.Function, into arguments: inout WindowArguments
    ) throws(SQLError) {
        arguments.data = try windowInput()
        guard accept(.comma) else { return }
        arguments.timeColumn = try descriptor()
        guard accept(.comma) else { return }
        if function == .hop {
            arguments.slide = try expression()
            guard accept(.comma) else { return }
        }
        arguments.size = try expression()
        guard accept(.comma) else { return }
        arguments.offset = try expression()
    }

    private mutating func namedArgument(
        of function: WindowReference.Function, into arguments: inout WindowArguments
    ) throws(SQLError) {
        let parameter = advance()
        try expect(.arrow)
        switch parameter.text.uppercased() {
        case "DATA": arguments.data = try windowInput()
        case "TIMECOL": arguments.timeColumn = try descriptor()
        case "SIZE": arguments.size = try expression()
        case "OFFSET": arguments.offset = try expression()
        case "SLIDE" where function == .hop: arguments.slide = try expression()
        default:
            let known = ["DATA", "TIMECOL", "SIZE", "OFFSET"] + (function == .hop ? ["SLIDE"] : [])
            throw SQLError(
                .syntax, "\(function.rawValue) has no parameter \(parameter.text)", at: parameter.position,
                suggestion: Suggestion.phrase(for: parameter.text, among: known)
                    ?? "there are \(known.joined(separator: ", "))")
        }
    }

    private mutating func windowInput() throws(SQLError) -> TableReference {
        if at(.table), lookahead(1).kind == .symbol(.leftParenthesis), lookahead(2).keyword == .select {
            advance()
        }
        if at(.leftParenthesis) { return try tableReference() }
        _ = accept(.table)
        let table = TableReference.table(try name("a table"), alias: nil)
        if token.text.uppercased() == "PARTITION" { throw unsupported("PARTITION BY in a window function is") }
        return table
    }

    private mutating func descriptor() throws(SQLError) -> Name {
        guard accept(.descriptor) else {
            throw SQLError(
                .syntax, "expected DESCRIPTOR(time column), found \(token.shown)", at: token.position,
                suggestion: "write DESCRIPTOR(\(atName ? token.text : "column"))")
        }
        try expect(.leftParenthesis)
        let name = try name("the time column")
        try expect(.rightParenthesis)
        return name
    }
}
