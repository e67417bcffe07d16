extension Parser {
    /// What stands after `GROUP BY`: expressions, and sets of them that are multiplied with each other.
    mutating func grouping(of body: inout SelectBody) throws(SQLError) {
        body.isGrouped = true
        var sets: [[Int]] = [[]]
        var hasSets = false
        repeat {
            let position = token.position
            let element = try groupingElement(of: &body, &hasSets)
            try checkSets(sets.count * element.count, at: position)
            sets = sets.flatMap { set in element.map { set + $0 } }
        } while accept(.comma)
        if hasSets { body.groupingSets = sets }
    }

    /// One element of `GROUP BY` as the sets that it stands for.
    private mutating func groupingElement(
        of body: inout SelectBody, _ hasSets: inout Bool
    ) throws(SQLError) -> [[Int]] {
        let position = token.position
        if at(.cube) || at(.rollup), lookahead(1).kind == .symbol(.leftParenthesis) {
            hasSets = true
            let isCube = advance().keyword == .cube
            let parts = try groupingParts(of: &body)
            if isCube { try checkSets(parts.count < 32 ? 1 << parts.count : .max, at: position) }
            return isCube ? Self.subsets(of: parts) : Self.prefixes(of: parts)
        }
        if at(.grouping), lookahead(1).text.uppercased() == "SETS", lookahead(2).kind == .symbol(.leftParenthesis) {
            hasSets = true
            advance()
            advance()
            advance()
            try enter()
            defer { leave() }
            var sets: [[Int]] = []
            repeat {
                sets += try groupingElement(of: &body, &hasSets)
                try checkSets(sets.count, at: position)
            } while accept(.comma)
            try expect(.rightParenthesis)
            return sets
        }
        return [try groupingPart(of: &body)]
    }

    /// `(part, …)` of `CUBE` and `ROLLUP`.
    private mutating func groupingParts(of body: inout SelectBody) throws(SQLError) -> [[Int]] {
        try expect(.leftParenthesis)
        var parts: [[Int]] = []
        repeat { parts.append(try groupingPart(of: &body)) } while accept(.comma)
        try expect(.rightParenthesis)
        return parts
    }

    /// An expression, or several in parentheses, that are in a set together.
    private mutating func groupingPart(of body: inout SelectBody) throws(SQLError) -> [Int] {
        if at(.leftParenthesis), lookahead(1).kind == .symbol(.rightParenthesis) {
            advance()
            advance()
            return []
        }
        let first = body.groupBy.count
        if at(.leftParenthesis), listsInParentheses() {
            advance()
            body.groupBy += try expressions()
            try expect(.rightParenthesis)
        } else {
            body.groupBy.append(try expression())
        }
        try checkLength(body.groupBy.count)
        return Array(first..<body.groupBy.count)
    }

    /// Whether the parenthesis at hand has a comma right inside of it, and nothing stands behind it that would make it a
    /// part of an expression.
    private func listsInParentheses() -> Bool {
        var depth = 0
        var distance = 0
        var hasComma = false
        while lookahead(distance).kind != .end {
            switch lookahead(distance).kind {
            case .symbol(.leftParenthesis): depth += 1
            case .symbol(.rightParenthesis): depth -= 1
            case .symbol(.comma) where depth == 1: hasComma = true
            default: break
            }
            if depth == 0 { return hasComma }
            distance += 1
        }
        return false
    }

    private func checkSets(_ count: Int, at position: SourcePosition) throws(SQLError) {
        guard count <= limits.maximumGroupingSets else {
            throw SQLError(
                .limitExceeded, "GROUP BY of more than \(limits.maximumGroupingSets) sets of keys", at: position,
                suggestion: "CUBE of n keys makes 2^n of them; name the wanted ones in GROUPING SETS")
        }
    }

    /// The sets of `ROLLUP`, the longest first.
    private static func prefixes(of parts: [[Int]]) -> [[Int]] {
        (0...parts.count).reversed().map { parts[..<$0].flatMap { $0 } }
    }

    /// The sets of `CUBE`, that of all parts first.
    private static func subsets(of parts: [[Int]]) -> [[Int]] {
        (0..<1 << parts.count).reversed().map { mask in
            parts.indices.filter { mask >> (parts.count - 1 - $0) & 1 == 1 }.flatMap { parts[$0] }
        }
    }
}
