extension Parser {
    /// Names of types that are spelled in several ways.
    private static let synonyms: [String: TypeName.Base] = [
        "BOOL": .boolean, "INT": .integer, "REAL": .float, "DEC": .decimal, "NUMERIC": .decimal, "STRING": .varchar,
        "CHAR": .varchar, "CHARACTER": .varchar, "TEXT": .varchar, "BYTES": .varbinary, "BINARY": .varbinary,
        "TIMESTAMP_LTZ": .timestamp, "TIMESTAMP_NTZ": .timestamp, "LONG": .bigint,
    ]

    /// A type in `CAST` or a column's declaration.
    mutating func typeName() throws(SQLError) -> TypeName {
        guard case .word = token.kind else { throw unexpected(expecting: "a type") }
        let word = token.text.uppercased()
        let position = token.position
        guard let base = TypeName.Base(rawValue: word) ?? Self.synonyms[word] else {
            if ["ARRAY", "MAP", "ROW", "MULTISET", "RAW", "INTERVAL"].contains(word) {
                throw unsupported("the type \(word) is")
            }
            let known = TypeName.Base.allCases.map(\.rawValue) + Self.synonyms.keys.sorted()
            let names = TypeName.Base.allCases.map(\.rawValue).joined(separator: ", ")
            throw SQLError(
                .syntax, "\(token.text) is no type", at: position,
                suggestion: Suggestion.phrase(for: token.text, among: known) ?? "there are \(names)")
        }
        advance()
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
        }
    }
}
