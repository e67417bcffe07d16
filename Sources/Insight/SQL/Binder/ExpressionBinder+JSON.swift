extension ExpressionBinder {
    /// Functions with key words among their arguments, and those whose meaning depends on types; `nil` for all others.
    mutating func specialCall(_ call: FunctionCall) throws(SQLError) -> Bound? {
        switch call.upperName {
        case "JSON_VALUE", "JSON_QUERY", "JSON_EXISTS":
            guard let clauses = call.clauses, call.arguments.count == 2 else { return nil }
            return try jsonPath(call, clauses)
        case "JSON_OBJECT", "JSON_ARRAY": return try jsonContainer(call)
        case "SIMILAR TO": return try similar(call)
        case "IN TABLE":
            throw SQLError(
                .unsupported, "IN TABLE belongs to the edge's rules", at: call.position,
                suggestion: "IN (SELECT key FROM table) asks a table in a query")
        case "OVERLAPS": return try overlaps(call)
        case "JSON", "PARSE_JSON", "TRY_PARSE_JSON":
            guard call.arguments.count == 1, functions?.index(of: call.upperName) == nil else { return nil }
            let text = try bind(call.arguments[0])
            guard Parameter.json.accept(text.type) != nil else {
                throw mismatch(call.upperName, [text], at: call.position)
            }
            return try cast(text, to: .json, isTry: call.upperName == "TRY_PARSE_JSON")
        case "TYPEOF":
            guard (1...2).contains(call.arguments.count) else { return nil }
            let name = try bind(call.arguments[0]).type.name
            return Bound(
                expression: .literal(.bytes(Array(name.utf8)), type: .varchar), size: 1, position: call.position)
        default: return try listCall(call)
        }
    }

    // MARK: Making JSON

    private mutating func jsonContainer(_ call: FunctionCall) throws(SQLError) -> Bound {
        let isObject = call.upperName == "JSON_OBJECT"
        // As the standard has it: objects keep nulls, arrays leave them out.
        let leavesOut = call.clauses?.leavesNullsOut ?? !isObject
        var arguments: [Bound] = []
        for (index, argument) in call.arguments.enumerated() {
            let bound = try bind(argument)
            let isName = isObject && index % 2 == 0
            arguments.append(isName ? try cast(bound, to: .varchar) : try json(bound))
        }
        let function: ScalarFunction =
            isObject ? (leavesOut ? .jsonObjectAbsent : .jsonObject) : leavesOut ? .jsonArrayAbsent : .jsonArray
        return try make(
            .call(function, arguments.map(\.expression), type: .json), of: arguments, at: call.position)
    }

    /// A value as JSON.
    func json(_ bound: Bound) throws(SQLError) -> Bound {
        if bound.type == .null { return try cast(bound, to: .json) }
        return try make(
            .call(.jsonString, [bound.expression], type: .json), of: [bound], at: bound.position)
    }

    /// A value as JSON, NULL as JSON's null.
    func jsonOrNull(_ bound: Bound) throws(SQLError) -> Bound {
        let value = try json(bound)
        let null = BoundExpression.literal(.bytes(Array("null".utf8)), type: .json)
        return try make(
            .call(.coalesce, [value.expression, null], type: .json), of: [value, value], at: bound.position)
    }

    // MARK: Paths with clauses

    private mutating func jsonPath(_ call: FunctionCall, _ clauses: CallClauses) throws(SQLError) -> Bound {
        let name = call.upperName
        var arguments = [try bind(call.arguments[0]), try bind(call.arguments[1])]
        guard Parameter.json.accept(arguments[0].type) != nil, arguments[1].type == .varchar else {
            throw mismatch(name, arguments, at: call.position)
        }
        guard case .literal(.bytes, _) = arguments[1].expression else {
            throw SQLError(.unsupported, "the path of \(name) is a constant", at: arguments[1].position)
        }
        if arguments[0].type == .null { arguments[0] = try cast(arguments[0], to: .varchar) }
        let wanted: JSONOutcome.Wanted =
            name == "JSON_EXISTS"
            ? .exists : name == "JSON_VALUE" ? .value : clauses.wrapper == .without ? .query : .wrapped
        let kind = BoundExpression.literal(.bytes(Array(wanted.rawValue.utf8)), type: .varchar)
        let outcome = try make(
            .call(.jsonOutcome, arguments.map(\.expression) + [kind], type: .integer), of: arguments,
            at: call.position)
        if wanted == .exists { return try jsonExists(outcome, clauses, at: call.position) }
        return try jsonFound(call, clauses, wanted, arguments, outcome)
    }

    private mutating func jsonExists(
        _ outcome: Bound, _ clauses: CallClauses, at position: SourcePosition
    ) throws(SQLError) -> Bound {
        let onError: BoundExpression
        switch clauses.onError {
        case .truth(let value): onError = .literal(value.map { .bool($0) } ?? .null, type: .boolean)
        case .error: onError = Self.failure("JSON_EXISTS found no valid JSON, or nothing on a strict path", .boolean)
        case nil where clauses.returning == nil && clauses.onEmpty == nil:
            onError = .literal(.bool(false), type: .boolean)
        default:
            throw SQLError(
                .syntax, "JSON_EXISTS takes TRUE, FALSE, UNKNOWN or ERROR ON ERROR", at: position)
        }
        let isFound = Self.test(outcome, .found)
        return try make(
            .caseWhen(
                [CaseBranch(condition: Self.test(outcome, .error), result: onError)], otherwise: isFound,
                type: .boolean), of: [outcome, outcome], at: position)
    }

    private mutating func jsonFound(
        _ call: FunctionCall, _ clauses: CallClauses, _ wanted: JSONOutcome.Wanted, _ arguments: [Bound],
        _ outcome: Bound
    ) throws(SQLError) -> Bound {
        let name = call.upperName
        let type = try clauses.returning?.resolved() ?? .varchar
        let function: ScalarFunction =
            switch (wanted, clauses.wrapper) {
            case (.value, _): .jsonValue
            case (.wrapped, .conditional): .jsonWrappedIfNeeded
            case (.wrapped, _): .jsonWrapped
            default: .jsonQuery
            }
        let text = try make(
            .call(function, arguments.map(\.expression), type: .varchar), of: arguments, at: call.position)
        let value = try cast(text, to: type, isTry: true)
        let onEmpty = try behaviour(clauses.onEmpty, type, "\(name) found nothing on its path", at: call.position)
        let onError = try behaviour(clauses.onError, type, "\(name) can't give one \(type.name)", at: call.position)
        var isError = Self.test(outcome, .error)
        if type != .varchar {
            // A value that is there and can't be read as the type is an error too.
            let isUnread = BoundExpression.call(
                .and, [Self.test(outcome, .found), .call(.isNull, [value.expression], type: .boolean)], type: .boolean)
            isError = .call(.or, [isError, isUnread], type: .boolean)
        }
        let branches = [
            CaseBranch(condition: Self.test(outcome, .empty), result: onEmpty.expression),
            CaseBranch(condition: isError, result: onError.expression),
        ]
        return try make(
            .caseWhen(branches, otherwise: value.expression, type: type),
            of: [outcome, outcome, outcome, value, value, onEmpty, onError], at: call.position)
    }

    private mutating func behaviour(
        _ behaviour: CallClauses.Behaviour?, _ type: SQLType, _ message: String, at position: SourcePosition
    ) throws(SQLError) -> Bound {
        let expression: BoundExpression
        switch behaviour {
        case .null, nil: expression = .literal(.null, type: type)
        case .error: expression = Self.failure(message, type)
        case .value(let value): return try cast(try bind(value), to: type)
        case .emptyArray, .emptyObject:
            let text = behaviour == .emptyArray ? "[]" : "{}"
            let literal = BoundExpression.literal(.bytes(Array(text.utf8)), type: .varchar)
            return try cast(Bound(expression: literal, size: 1, position: position), to: type)
        case .truth:
            throw SQLError(.syntax, "TRUE, FALSE and UNKNOWN ON ERROR are for JSON_EXISTS", at: position)
        }
        return Bound(expression: expression, size: 1, position: position)
    }

    private static func test(_ outcome: Bound, _ wanted: JSONOutcome) -> BoundExpression {
        .call(
            .equal, [outcome.expression, .literal(.int64(wanted.rawValue), type: .integer)], type: .boolean)
    }

    private static func failure(_ message: String, _ type: SQLType) -> BoundExpression {
        .call(.raise, [.literal(.bytes(Array(message.utf8)), type: .varchar)], type: type)
    }

    // MARK: SIMILAR TO

    /// `text SIMILAR TO pattern [ESCAPE character]`, as a regular expression over the whole text.
    private mutating func similar(_ call: FunctionCall) throws(SQLError) -> Bound {
        var arguments: [Bound] = []
        for argument in call.arguments { arguments.append(try bind(argument)) }
        guard arguments.allSatisfy({ Parameter.text.accept($0.type) != nil }) else {
            throw mismatch("SIMILAR TO", arguments, at: call.position)
        }
        var constants: [[UInt8]] = []
        for argument in arguments.dropFirst() {
            guard case .literal(.bytes(let bytes), _) = argument.expression else {
                throw SQLError(
                    .unsupported, "the pattern of SIMILAR TO is a constant", at: argument.position,
                    suggestion: "REGEXP(text, pattern) takes others")
            }
            constants.append(bytes)
        }
        let pattern = SimilarPattern(constants[0], escape: constants.count > 1 ? constants[1].first : nil)
        let regex = Bound(
            expression: .literal(.bytes(pattern.regex), type: .varchar), size: 1, position: arguments[1].position)
        let text = try cast(arguments[0], to: .varchar)
        return try apply(.regexp, [text, regex], at: call.position, shown: "SIMILAR TO")
    }
}

/// A pattern of `SIMILAR TO` as a regular expression: `%` is any text, `_` any character; `|`, `*`, `+`, `?`, `{m,n}`,
/// parentheses and brackets mean what they mean there.
struct SimilarPattern {
    let regex: [UInt8]

    init(_ pattern: [UInt8], escape: UInt8?) {
        var regex = Array("\\A(?s:".utf8)
        var index = 0
        var isInBrackets = false
        while index < pattern.count {
            let byte = pattern[index]
            index += 1
            if byte == escape, index < pattern.count {
                Self.append(pattern[index], to: &regex)
                index += 1
                continue
            }
            switch Unicode.Scalar(byte) {
            case "[": isInBrackets = true
            case "]": isInBrackets = false
            case "%" where !isInBrackets:
                regex += Array(".*".utf8)
                continue
            case "_" where !isInBrackets:
                regex.append(UInt8(ascii: "."))
                continue
            case ".",
                "^" where !isInBrackets, "$", "\\":
                regex.append(UInt8(ascii: "\\"))
            default: break
            }
            regex.append(byte)
        }
        self.regex = regex + Array(")\\z".utf8)
    }

    private static func append(_ byte: UInt8, to regex: inout [UInt8]) {
        let isWord = byte >= 0x80 || byte.isASCIILetter || byte &- 48 < 10 || byte == UInt8(ascii: "_")
        if !isWord { regex.append(UInt8(ascii: "\\")) }
        regex.append(byte)
    }
}
