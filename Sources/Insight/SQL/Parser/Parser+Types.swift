extension Parser {
    /// Names of types that are spelled in several ways.
    private static let synonyms: [String: TypeName.Base] = [
        "BOOL": .boolean, "INT": .integer, "REAL": .float, "DEC": .decimal, "NUMERIC": .decimal, "STRING": .varchar,
        "CHAR": .varchar, "CHARACTER": .varchar, "TEXT": .varchar, "BYTES": .varbinary, "BINARY": .varbinary,
        "TIMESTAMP_LTZ": .timestamp, "TIMESTAMP_NTZ": .timestamp, "LONG": .bigint, "MULTISET": .array,
    ]

    /// A type in `CAST` or a column's declaration.
    mutating func typeName() throws(SQLError) -> TypeName {
        try enter()
        defer { leave() }
        var type = try plainTypeName()
        // `INT ARRAY` is the standard's way to write `ARRAY<INT>`.
        while ["ARRAY", "MULTISET"].contains(token.text.uppercased()), case .word = token.kind {
            type = TypeName(base: .array, parts: [type], position: advance().position)
        }
        return type
    }

    private mutating func plainTypeName() throws(SQLError) -> TypeName {
        guard case .word = token.kind else { throw unexpected(expecting: "a type") }
        let word = token.text.uppercased()
        let position = token.position
        guard let base = TypeName.Base(rawValue: word) ?? Self.synonyms[word] else {
            if ["RAW", "INTERVAL"].contains(word) {
                throw unsupported("the type \(word) is")
            }
            let known = TypeName.Base.allCases.map(\.rawValue) + Self.synonyms.keys.sorted()
            let names = TypeName.Base.allCases.map(\.rawValue).joined(separator: ", ")
            throw SQLError(
                .syntax, "\(token.text) is no type", at: position,
                suggestion: Suggestion.phrase(for: token.text, among: known) ?? "there are \(names)")
        }
        advance()
        if [.array, .map, .row].contains(base) { return try structuredType(base, word, at: position) }
        if base == .double { _ = accept(.precision) }
        if word == "CHARACTER", token.text.uppercased() == "VARYING" { advance() }
        var type = TypeName(base: base, position: position)
        type.hasFixedLength = word == "CHAR" || word == "CHARACTER"
        if accept(.leftParenthesis) {
            repeat { type.parameters.append(try count("digits").count) } while accept(.comma)
            try expect(.rightParenthesis)
        }
        if base == .time || base == .timestamp { try zone() }
        return type
    }

    /// What stands behind `ARRAY`, `MAP` and `ROW`: types between angles, or fields in parentheses.
    private mutating func structuredType(
        _ base: TypeName.Base, _ word: String, at position: SourcePosition
    ) throws(SQLError) -> TypeName {
        var type = TypeName(base: base, position: position)
        let isBraced = base == .row && accept(.leftParenthesis)
        if !isBraced {
            guard accept(.less) else { throw unexpected(expecting: "'<' and the type inside of \(word)") }
        }
        repeat {
            if base == .row { type.names.append(try identifier("a field's name")) }
            type.parts.append(try typeName())
            if accept(.not) { try expect(.null) }
            try checkLength(type.parts.count)
        } while accept(.comma)
        if isBraced { try expect(.rightParenthesis) } else { try expect(.greater) }
        let wanted = base == .array ? 1 : base == .map ? 2 : type.parts.count
        guard type.parts.count == wanted else {
            throw SQLError(
                .syntax, "\(word) has \(wanted == 1 ? "one type" : "two types") inside", at: position,
                suggestion: base == .array ? "for instance ARRAY<INT>" : "for instance MAP<STRING, INT>")
        }
        return type
    }

    /// `WITH | WITHOUT [LOCAL] TIME ZONE`
    private mutating func zone() throws(SQLError) {
        guard at(.without) || at(.with) && (lookahead(1).keyword == .local || lookahead(1).keyword == .time) else {
            return
        }
        advance()
        _ = accept(.local)
        try expect(.time)
        try expect(.zone)
    }
}

extension TypeName {
    /// The type that is meant.
    ///
    /// - Throws: `invalidLiteral` for a precision, scale or length that the type doesn't have.
    func resolved() throws(SQLError) -> SQLType {
        let allowed =
            switch base {
            case .decimal: 2
            case .varchar, .varbinary, .time, .timestamp: 1
            default: 0
            }
        guard parameters.count <= allowed else {
            throw SQLError(
                .invalidLiteral, "\(base.rawValue) takes \(allowed == 0 ? "no" : "fewer") numbers", at: position)
        }
        switch base {
        case .boolean: return .boolean
        case .tinyint: return .tinyint
        case .smallint: return .smallint
        case .integer: return .integer
        case .bigint: return .bigint
        case .float: return .float
        case .double: return .double
        case .decimal:
            let precision = parameters.first ?? 10
            let scale = parameters.count > 1 ? parameters[1] : 0
            guard (1...38).contains(precision), (0...precision).contains(scale) else {
                throw SQLError(
                    .invalidLiteral, "DECIMAL(\(precision), \(scale)) does not exist", at: position,
                    suggestion: "the precision is 1 to 38, the scale 0 to the precision")
            }
            return .decimal(precision: precision, scale: scale)
        case .varchar, .varbinary:
            guard parameters.first ?? 1 > 0 else {
                throw SQLError(.invalidLiteral, "a length is at least 1", at: position)
            }
            return base == .varchar ? .varchar : .varbinary
        case .date: return .date
        case .time, .timestamp:
            guard parameters.first ?? 0 <= 9 else {
                throw SQLError(.invalidLiteral, "a precision is 0 to 9", at: position)
            }
            return base == .time ? .time : .timestamp
        case .ip: return .ip
        case .json: return .json
        case .array: return .array(try parts[0].resolved())
        case .map: return .map(key: try parts[0].resolved(), value: try parts[1].resolved())
        case .row:
            var fields: [PlanField] = []
            for (name, part) in zip(names, parts) {
                guard !fields.contains(where: { $0.name == name.text }) else {
                    throw SQLError(.ambiguousName, "field \(name.text) is there twice", at: name.position)
                }
                fields.append(PlanField(name: name.text, type: try part.resolved()))
            }
            return .row(fields)
        }
    }
}
