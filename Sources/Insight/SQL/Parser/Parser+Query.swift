extension Parser {
    /// `[WITH …] body [ORDER BY …] [LIMIT …] [OFFSET …] [FETCH …]`
    mutating func query() throws(SQLError) -> Query {
        try enter()
        defer { leave() }
        let start = token.position
        let commonTables = try withClause()
        var query = Query(commonTables: commonTables, body: try union(), position: start)
        if accept(.order) {
            try expect(.by)
            repeat {
                query.orderBy.append(try orderItem())
                try checkLength(query.orderBy.count)
            } while accept(.comma)
        }
        try rowCounts(of: &query)
        query.emission = try emission()
        return query
    }

    private mutating func withClause() throws(SQLError) -> [CommonTable] {
        guard accept(.with) else { return [] }
        var tables: [CommonTable] = []
        repeat {
            let name = try identifier("the name of a common table")
            let columns = at(.leftParenthesis) ? try parenthesisedNames() : []
            try expect(.as)
            try expect(.leftParenthesis)
            tables.append(CommonTable(name: name, columns: columns, query: try query()))
            try expect(.rightParenthesis)
            try checkLength(tables.count)
        } while accept(.comma)
        return tables
    }

    private mutating func rowCounts(of query: inout Query) throws(SQLError) {
        while true {
            if at(.limit), query.limit == nil {
                advance()
                if !accept(.all) { query.limit = try count("rows") }
                if at(.comma) {
                    throw SQLError(
                        .syntax, "LIMIT takes one number", at: token.position, suggestion: "write LIMIT n OFFSET m")
                }
            } else if at(.offset), query.offset == nil {
                advance()
                query.offset = try count("rows")
                if !accept(.rows) { _ = accept(.row) }
            } else if at(.fetch), query.limit == nil {
                advance()
                if !accept(.first) { try expect(.next) }
                let isOne = at(.row) || at(.rows)
                query.limit = isOne ? RowCount(count: 1, position: token.position) : try count("rows")
                if !accept(.rows) { try expect(.row) }
                try expect(.only)
            } else {
                return
            }
        }
    }

    mutating func orderItem() throws(SQLError) -> OrderItem {
        var item = OrderItem(expression: try expression())
        if accept(.desc) { item.isDescending = true } else { _ = accept(.asc) }
        if accept(.nulls) {
            if accept(.first) {
                item.nullsFirst = true
            } else {
                guard accept(.last) else { throw unexpected(expecting: "FIRST or LAST", keywords: [.first, .last]) }
                item.nullsFirst = false
            }
        }
        return item
    }

    /// Bodies joined by `UNION` and `EXCEPT`, from left to right.
    private mutating func union() throws(SQLError) -> QueryBody {
        var body = try intersection()
        var parts: [UnionPart] = []
        var differences = 0
        while at(.union) || at(.except) {
            let isUnion = at(.union)
            let position = advance().position
            let isAll = acceptsAll()
            let next = try intersection()
            if isUnion {
                parts.append(UnionPart(body: next, isAll: isAll, position: position))
                try checkLength(parts.count)
            } else {
                if !parts.isEmpty { body = .union(body, parts) }
                parts = []
                body = .except(body, next, isAll: isAll, position)
                differences += 1
                try checkChain(differences, "EXCEPT", at: position)
            }
        }
        return parts.isEmpty ? body : .union(body, parts)
    }

    /// Bodies joined by `INTERSECT`, which binds tighter than the others.
    private mutating func intersection() throws(SQLError) -> QueryBody {
        var body = try bodyTerm()
        var count = 0
        while at(.intersect) {
            let position = advance().position
            let isAll = acceptsAll()
            body = .intersect(body, try bodyTerm(), isAll: isAll, position)
            count += 1
            try checkChain(count, "INTERSECT", at: position)
        }
        return body
    }

    private mutating func acceptsAll() -> Bool {
        if accept(.all) { return true }
        _ = accept(.distinct)
        return false
    }

    /// Each lies behind the one before.
    private func checkChain(_ count: Int, _ word: String, at position: SourcePosition) throws(SQLError) {
        guard count < limits.maximumDepth else {
            throw SQLError(
                .limitExceeded, "more than \(limits.maximumDepth) queries in a row with \(word)", at: position)
        }
    }

    private mutating func bodyTerm() throws(SQLError) -> QueryBody {
        switch token.keyword {
        case .select: return .select(try select())
        case .values: return try values()
        default:
            guard at(.leftParenthesis) else {
                throw unexpected(expecting: "SELECT, VALUES or a query in parentheses", keywords: [.select, .values])
            }
            advance()
            let nested = try query()
            try expect(.rightParenthesis)
            return .nested(nested)
        }
    }

    private mutating func values() throws(SQLError) -> QueryBody {
        let position = try expect(.values).position
        var rows: [[Expression]] = []
        repeat {
            if at(.row), lookahead(1).kind == .symbol(.leftParenthesis) { advance() }
            if accept(.leftParenthesis) {
                rows.append(try expressions())
                try expect(.rightParenthesis)
            } else {
                rows.append([try expression()])
            }
            try checkLength(rows.count)
        } while accept(.comma)
        return .values(rows, position)
    }

    private mutating func select() throws(SQLError) -> SelectBody {
        let position = try expect(.select).position
        try queryHints()
        let isDistinct = accept(.distinct)
        if !isDistinct { _ = accept(.all) }
        var body = SelectBody(isDistinct: isDistinct, items: [], position: position)
        repeat {
            body.items.append(try selectItem())
            try checkLength(body.items.count)
        } while accept(.comma)
        if accept(.from) {
            body.from = try tableReference(commasJoin: true)
        }
        if accept(.where) { body.condition = try expression() }
        if atSample { body.sample = try sampleClause() }
        if accept(.group) {
            try expect(.by)
            try grouping(of: &body)
        }
        if accept(.having) { body.having = try expression() }
        // The standard has WINDOW first; some write it behind QUALIFY.
        if at(.window) { try windowClause(of: &body) }
        if accept(.qualify) { body.qualify = try expression() }
        if at(.window), body.windows.isEmpty { try windowClause(of: &body) }
        return body
    }

    private mutating func selectItem() throws(SQLError) -> SelectItem {
        let position = token.position
        if accept(.star) { return .star(nil, position) }
        if atName, let star = qualifiedStarLength() {
            var parts: [Identifier] = []
            while parts.count < star {
                parts.append(try identifier("a table's name"))
                try expect(.dot)
            }
            try expect(.star)
            return .star(Name(parts: parts), position)
        }
        guard !at(.from) else {
            throw unexpected(expecting: "a column or an expression")
        }
        let value = try expression()
        return .expression(value, alias: try optionalAlias())
    }

    /// The number of name parts before a `.*` that starts here.
    private func qualifiedStarLength() -> Int? {
        var parts = 0
        while lookahead(2 * parts + 1).kind == .symbol(.dot) {
            parts += 1
            if lookahead(2 * parts).kind == .symbol(.star) { return parts }
        }
        return nil
    }
}
