extension Parser {
    /// A table, a query in parentheses, or a window over one of them.
    mutating func singleTable() throws(SQLError) -> TableReference {
        if at(.leftParenthesis) {
            let position = advance().position
            if at(.leftParenthesis) || at(.select) || at(.with) || at(.values) {
                let query = try query()
                try expect(.rightParenthesis)
                return .query(query, alias: try tableAlias(), position)
            }
            let inner = try tableReference(commasJoin: true)
            try expect(.rightParenthesis)
            return inner
        }
        if at(.lateral) {
            advance()
            guard at(.unnest) else { throw unsupported("LATERAL without UNNEST is") }
        }
        if at(.unnest), lookahead(1).kind == .symbol(.leftParenthesis) { return try unnest() }
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
        return try namedTable(name("a table"))
    }

    /// `[hint] [FOR SYSTEM_TIME AS OF time] [AS alias]`, behind a table's name.
    private mutating func namedTable(_ name: Name) throws(SQLError) -> TableReference {
        let (table, own) = try hinted(name)
        if at(.for) { return try snapshot(of: table, or: own) }
        return .table(table, alias: try tableAlias() ?? own)
    }

    private mutating func snapshot(of name: Name, or own: TableAlias?) throws(SQLError) -> TableReference {
        advance()
        guard at(word: "SYSTEM_TIME") else { throw unexpected(expecting: "SYSTEM_TIME AS OF") }
        advance()
        try expect(.as)
        guard at(word: "OF") else { throw unexpected(expecting: "OF") }
        advance()
        let time = try expression()
        return .snapshot(name, at: time, alias: try tableAlias() ?? own)
    }

    private mutating func unnest() throws(SQLError) -> TableReference {
        let position = advance().position
        try expect(.leftParenthesis)
        let list = try expression()
        try expect(.rightParenthesis)
        var hasOrdinality = false
        if at(.with), lookahead(1).text.uppercased() == "ORDINALITY" {
            advance()
            advance()
            hasOrdinality = true
        }
        return .unnest(list, hasOrdinality: hasOrdinality, alias: try tableAlias(), position)
    }

    mutating func tableAlias() throws(SQLError) -> TableAlias? {
        if at(word: "MATCH_RECOGNIZE"), lookahead(1).kind == .symbol(.leftParenthesis) { return nil }
        guard let name = try optionalAlias() else { return nil }
        return TableAlias(name: name, columns: at(.leftParenthesis) ? try parenthesisedNames() : [])
    }

    // MARK: Windows

    /// Arguments of a window function as they were written, by parameter.
    private struct WindowArguments {
        var data: TableReference?
        var timeColumn: Name?
        var slide: Expression?
        var size: Expression?
        var partition: [Name] = []
        var offset: Expression?
    }

    private mutating func windowFunction() throws(SQLError) -> WindowReference {
        let nameToken = token
        guard let function = WindowReference.Function(rawValue: nameToken.text.uppercased()) else {
            let names = WindowReference.Function.allCases.map(\.rawValue)
            throw SQLError(
                .unknownFunction, "\(nameToken.text) is no table function", at: nameToken.position,
                suggestion: Suggestion.phrase(for: nameToken.text, among: names)
                    ?? "there are \(names.joined(separator: ", "))")
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
        func missing(_ what: String) -> SQLError {
            SQLError(
                .syntax, "\(function.rawValue) lacks its \(what)", at: position, suggestion: "write \(function.usage)")
        }
        guard let data = arguments.data else { throw missing("table") }
        guard let timeColumn = arguments.timeColumn else { throw missing("time column") }
        guard let size = arguments.size else { throw missing(function.sizeName.lowercased()) }
        if let step = function.stepName, arguments.slide == nil { throw missing(step.lowercased()) }
        return WindowReference(
            function: function, input: data, timeColumn: timeColumn, slide: arguments.slide, size: size,
            partition: arguments.partition, offset: arguments.offset, position: position)
    }

    private mutating func positionalArguments(
        of function: WindowReference.Function, into arguments: inout WindowArguments
    ) throws(SQLError) {
        try windowInput(of: function, into: &arguments)
        guard accept(.comma) else { return }
        arguments.timeColumn = try descriptor()
        guard accept(.comma) else { return }
        if function.stepName != nil {
            arguments.slide = try expression()
            guard accept(.comma) else { return }
        }
        arguments.size = try expression()
        guard function != .session, accept(.comma) else { return }
        arguments.offset = try expression()
    }

    private mutating func namedArgument(
        of function: WindowReference.Function, into arguments: inout WindowArguments
    ) throws(SQLError) {
        let parameter = advance()
        try expect(.arrow)
        switch parameter.text.uppercased() {
        case "DATA": try windowInput(of: function, into: &arguments)
        case "TIMECOL": arguments.timeColumn = try descriptor()
        case function.sizeName: arguments.size = try expression()
        case "OFFSET" where function != .session: arguments.offset = try expression()
        case let name where name == function.stepName: arguments.slide = try expression()
        default:
            let known =
                ["DATA", "TIMECOL", function.sizeName] + (function == .session ? [] : ["OFFSET"])
                + (function.stepName.map { [$0] } ?? [])
            throw SQLError(
                .syntax, "\(function.rawValue) has no parameter \(parameter.text)", at: parameter.position,
                suggestion: Suggestion.phrase(for: parameter.text, among: known)
                    ?? "there are \(known.joined(separator: ", "))")
        }
    }

    private mutating func windowInput(
        of function: WindowReference.Function, into arguments: inout WindowArguments
    ) throws(SQLError) {
        if at(.table), lookahead(1).kind == .symbol(.leftParenthesis), lookahead(2).keyword == .select {
            advance()
        }
        if at(.leftParenthesis) {
            arguments.data = try tableReference(commasJoin: false)
        } else {
            _ = accept(.table)
            let (table, alias) = try hinted(name("a table"))
            arguments.data = .table(table, alias: alias)
        }
        guard token.text.uppercased() == "PARTITION" else { return }
        guard function == .session else {
            throw SQLError(
                .unsupported,
                "PARTITION BY is for SESSION; the windows of \(function.rawValue) are the same for all keys",
                at: token.position, suggestion: "group by the keys")
        }
        advance()
        try expect(.by)
        let isBraced = accept(.leftParenthesis)
        repeat {
            arguments.partition.append(try name("a key of the sessions"))
            try checkLength(arguments.partition.count)
        } while isBraced ? accept(.comma) : acceptNextKey()
        if isBraced { try expect(.rightParenthesis) }
    }

    /// A comma before another key, not the one before the next argument.
    private mutating func acceptNextKey() -> Bool {
        guard at(.comma), lookahead(1).keyword != .descriptor, lookahead(2).kind != .symbol(.arrow) else {
            return false
        }
        advance()
        return true
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
