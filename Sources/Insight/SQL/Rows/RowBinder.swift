/// Binds conditions and values over single rows (edge rules), whose columns are fields that are there by name, and what
/// expressions ask for: `header('X-A')`, `request.headers['X-A']`, `client.ip IN TABLE abusers`. Those stand behind the
/// fields, in the order in which they were first asked for, the same one once.
public struct RowBinder: Sendable {
    /// A field with many values by name, such as a request's header fields.
    public struct Keyed: Sendable {
        /// As a function, in capitals: `HEADER`.
        public var function: String
        /// As a name: `request.headers`.
        public var name: String
        /// Keys are kept in lower case.
        public var ignoresCase: Bool

        public init(function: String, name: String, ignoresCase: Bool) {
            self.function = function
            self.name = name
            self.ignoresCase = ignoresCase
        }
    }

    /// A column that an expression asked for.
    public enum Lookup: Hashable, Sendable {
        /// A text of a keyed field, which is its index.
        case keyed(Int, key: String)
        /// Whether a value is a key of a table.
        case table(String, BoundExpression)
    }

    public let fields: [PlanField]
    public let keyed: [Keyed]
    public private(set) var lookups: [Lookup] = []
    private let limits: SQLLimits

    public init(fields: [PlanField], keyed: [Keyed], limits: SQLLimits = .standard) {
        self.fields = fields
        self.keyed = keyed
        self.limits = limits
    }

    /// The type of a column.
    public func type(ofColumn index: Int) -> SQLType {
        if index < fields.count { return fields[index].type }
        if case .table = lookups[index - fields.count] { return .boolean }
        return .varchar
    }

    /// What a column is called in messages.
    public func name(ofColumn index: Int) -> String {
        if index < fields.count { return fields[index].name }
        switch lookups[index - fields.count] {
        case .keyed(let field, let key): return "\(keyed[field].name)['\(key)']"
        case .table(let name, _): return "TABLE \(name)"
        }
    }

    /// - Returns: a boolean expression.
    /// - Throws: every code of `SQLError` but `evaluation`, at the offending token of `text`.
    public mutating func condition(_ text: String) throws(SQLError) -> BoundExpression {
        try bind(text) { binder, expression throws(SQLError) in
            try binder.condition(expression, clause: "a rule").expression
        }
    }

    /// - Parameter type: what the value is cast to.
    /// - Throws: as `condition`.
    public mutating func value(_ text: String, as type: SQLType) throws(SQLError) -> BoundExpression {
        try bind(text) { binder, expression throws(SQLError) in
            let bound = try binder.bind(expression)
            return try binder.cast(bound, to: type).expression
        }
    }

    private mutating func bind(
        _ text: String,
        _ body: (inout ExpressionBinder, Expression) throws(SQLError) -> BoundExpression
    ) throws(SQLError) -> BoundExpression {
        let expression = try SQLParser.parseCondition(text, limits: limits)
        let asked = RowLookups(base: fields.count, keyed: keyed, lookups: lookups)
        var binder = ExpressionBinder(
            scope: Scope(fields: fields), limits: limits, aggregates: .refused("a rule, which sees one request"))
        binder.rowLookups = asked
        let bound = try body(&binder, expression)
        lookups = asked.lookups
        return bound
    }
}

/// What the expressions of one binder have asked for so far.
final class RowLookups {
    let base: Int
    let keyed: [RowBinder.Keyed]
    private(set) var lookups: [RowBinder.Lookup]

    init(base: Int, keyed: [RowBinder.Keyed], lookups: [RowBinder.Lookup]) {
        self.base = base
        self.keyed = keyed
        self.lookups = lookups
    }

    /// The column of a lookup.
    func column(_ lookup: RowBinder.Lookup) -> Int {
        if let known = lookups.firstIndex(of: lookup) { return base + known }
        lookups.append(lookup)
        return base + lookups.count - 1
    }
}

extension ExpressionBinder {
    /// A call that asks for a column of a row; nil for any other.
    mutating func rowLookup(_ call: FunctionCall, _ asked: RowLookups) throws(SQLError) -> Bound? {
        if call.name == "IN TABLE" { return try inTable(call, asked) }
        let name = call.upperName
        if let field = asked.keyed.firstIndex(where: { $0.function == name }) {
            guard call.arguments.count == 1, case .literal(.text(let key), _) = call.arguments[0] else {
                throw SQLError(
                    .typeMismatch, "\(name) takes the name of one, as a text", at: call.position,
                    suggestion: "write \(name.lowercased())('name')")
            }
            return text(field, key, asked, at: call.position)
        }
        guard name == "JSON_ELEMENT" || name == "ELEMENT_AT", case .name(let base)? = call.arguments.first,
            let field = asked.keyed.firstIndex(where: { $0.name == base.text.lowercased() })
        else { return nil }
        guard call.arguments.count == 2, case .literal(.text(let path), _) = call.arguments[1],
            let key = Self.key(ofPath: path)
        else {
            throw SQLError(
                .typeMismatch, "\(base.text) is asked with one name, as a text", at: call.position,
                suggestion: "write \(base.text)['name']")
        }
        return text(field, key, asked, at: call.position)
    }

    private func text(_ field: Int, _ key: String, _ asked: RowLookups, at position: SourcePosition) -> Bound {
        let key = asked.keyed[field].ignoresCase ? key.lowercased() : key
        let column = asked.column(.keyed(field, key: key))
        return Bound(expression: .column(index: column, type: .varchar), size: 1, position: position)
    }

    private mutating func inTable(_ call: FunctionCall, _ asked: RowLookups) throws(SQLError) -> Bound {
        let value = try bind(call.arguments[0])
        guard case .literal(.text(let table), _) = call.arguments[1] else { return value }
        switch value.type {
        case .ip, .varchar: break
        case .tinyint, .smallint, .integer, .bigint, .timestamp: break
        default:
            throw SQLError(
                .typeMismatch, "a table's key can't be \(value.type.name)", at: value.position,
                suggestion: "CAST it to VARCHAR, BIGINT or IP")
        }
        let column = asked.column(.table(table, value.expression))
        return Bound(expression: .column(index: column, type: .boolean), size: 1, position: call.position)
    }

    /// The key of a path of one step, `$['key']`.
    private static func key(ofPath path: String) -> String? {
        guard path.hasPrefix("$['"), path.hasSuffix("']") else { return nil }
        var key = ""
        var isEscaped = false
        for character in path.dropFirst(3).dropLast(2) {
            if isEscaped {
                key.append(character)
                isEscaped = false
            } else if character == "\\" {
                isEscaped = true
            } else if character == "'" {
                return nil
            } else {
                key.append(character)
            }
        }
        return key
    }
}
