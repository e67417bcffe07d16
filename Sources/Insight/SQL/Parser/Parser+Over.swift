extension Parser {
    /// What follows `OVER`: a name, or a window in parentheses.
    mutating func overReference() throws(SQLError) -> OverReference {
        if at(.leftParenthesis) { return .window(try overWindow()) }
        guard atName else { throw unexpected(expecting: "'(' or the name of a window after OVER") }
        return .named(try identifier("the name of a window"))
    }

    /// `WINDOW name AS (…), …`
    mutating func windowClause(of body: inout SelectBody) throws(SQLError) {
        try expect(.window)
        repeat {
            let name = try identifier("the name of a window")
            try expect(.as)
            guard at(.leftParenthesis) else { throw unexpected(expecting: "a window in parentheses") }
            body.windows.append(NamedWindow(name: name, window: try overWindow()))
            try checkLength(body.windows.count)
        } while accept(.comma)
    }

    /// `IGNORE NULLS` or `RESPECT NULLS`, where it stands here.
    ///
    /// - Parameter isInside: before the call's closing parenthesis, or its ORDER BY; what stands before another one is of a call around.
    mutating func nullTreatment(of call: inout FunctionCall, isInside: Bool) throws(SQLError) {
        guard lookahead(1).keyword == .nulls, at(word: "IGNORE") || at(word: "RESPECT"),
            (lookahead(2).kind == .symbol(.rightParenthesis) || lookahead(2).keyword == .order) == isInside
        else { return }
        guard call.nulls == nil else {
            throw SQLError(.syntax, "\(call.upperName) is told twice what to do with nulls", at: token.position)
        }
        call.nulls = at(word: "IGNORE") ? .ignore : .respect
        advance()
        advance()
    }

    private mutating func overWindow() throws(SQLError) -> OverWindow {
        try enter()
        defer { leave() }
        var window = OverWindow(position: try expect(.leftParenthesis).position)
        let begins = at(word: "PARTITION") || at(word: "RANGE") || at(word: "GROUPS") || at(.rows)
        if !begins, atName { window.base = try identifier("the name of a window") }
        if accept(word: "PARTITION") {
            try expect(.by)
            repeat {
                window.partitionBy.append(try expression())
                try checkLength(window.partitionBy.count)
            } while accept(.comma)
        }
        if accept(.order) {
            try expect(.by)
            repeat {
                window.orderBy.append(try orderItem())
                try checkLength(window.orderBy.count)
            } while accept(.comma)
        }
        window.frame = try frame()
        guard at(.rightParenthesis) else {
            var error = unexpected(
                expecting: "PARTITION BY, ORDER BY, ROWS, RANGE or ')' in OVER (…)", keywords: Self.operatorWords)
            if at(word: "PARTITION") { error.suggestion = "PARTITION BY stands before ORDER BY" }
            throw error
        }
        advance()
        return window
    }

    /// `ROWS | RANGE | GROUPS BETWEEN bound AND bound`, or one bound, up to the current row.
    private mutating func frame() throws(SQLError) -> FrameSyntax? {
        let unit: OverFrame.Unit
        if at(.rows) {
            unit = .rows
        } else if at(word: "RANGE") {
            unit = .range
        } else if at(word: "GROUPS") {
            unit = .groups
        } else {
            return nil
        }
        let position = advance().position
        var frame = FrameSyntax(unit: unit, start: .currentRow, end: .currentRow, position: position)
        if accept(.between) {
            frame.start = try frameBound()
            try expect(.and)
            frame.end = try frameBound()
        } else {
            frame.start = try frameBound()
        }
        if accept(word: "EXCLUDE") { frame.exclusion = try exclusion() }
        return frame
    }

    private mutating func exclusion() throws(SQLError) -> OverFrame.Exclusion {
        if at(word: "CURRENT"), lookahead(1).keyword == .row {
            advance()
            advance()
            return .currentRow
        }
        if accept(.group) { return .group }
        if accept(word: "TIES") { return .ties }
        if at(word: "NO"), lookahead(1).text.uppercased() == "OTHERS" {
            advance()
            advance()
            return .none
        }
        throw unexpected(expecting: "CURRENT ROW, GROUP, TIES or NO OTHERS after EXCLUDE")
    }

    private mutating func frameBound() throws(SQLError) -> FrameSyntax.Bound {
        if at(word: "UNBOUNDED") {
            advance()
            if accept(word: "PRECEDING") { return .unboundedPreceding }
            if accept(word: "FOLLOWING") { return .unboundedFollowing }
            throw unexpected(expecting: "PRECEDING or FOLLOWING after UNBOUNDED")
        }
        if at(word: "CURRENT"), lookahead(1).keyword == .row {
            advance()
            advance()
            return .currentRow
        }
        // Only a sum: the AND of BETWEEN must not become a part of it.
        let distance = try operandBeforeIn()
        if accept(word: "PRECEDING") { return .preceding(distance) }
        if accept(word: "FOLLOWING") { return .following(distance) }
        throw unexpected(expecting: "PRECEDING or FOLLOWING")
    }
}
