/// The functions that a text declares, while one query is bound: calls are replaced by the bodies. A function sees
/// those before it, so that none can call itself.
final class DeclaredFunctions {
    private let functions: [FunctionDeclaration]
    private let limits: SQLLimits
    private var expansions = 0
    /// Functions that the body which is bound now can see, and how deep the bodies around it are together.
    private var visible: Int
    private var height = 0

    init(_ functions: [FunctionDeclaration], limits: SQLLimits) {
        self.functions = functions
        self.limits = limits
        self.visible = functions.count
    }

    var names: [String] { functions.map(\.name.text) }

    /// Names of functions are written in any case.
    func index(of name: String) -> Int? {
        let upper = name.uppercased()
        return functions[..<visible].lastIndex { $0.name.text.uppercased() == upper }
    }

    /// The body of a function over `arguments`.
    func expand(_ index: Int, _ arguments: [Bound], at position: SourcePosition) throws(SQLError) -> Bound {
        let function = functions[index]
        let (name, parameters) = (function.name.text, function.parameters)
        guard arguments.count == parameters.count else {
            let shown = parameters.map { "\($0.name) \($0.type.name)" }.joined(separator: ", ")
            throw SQLError(
                .typeMismatch, "\(name) takes \(parameters.count) arguments, and these are \(arguments.count)",
                at: position, suggestion: "it is called \(name)(\(shown))")
        }
        expansions += 1
        let outer = (visible, height)
        visible = index
        height += function.height
        defer { (visible, height) = outer }
        guard expansions <= limits.maximumListLength, height <= limits.maximumDepth else {
            throw SQLError(
                .limitExceeded, "functions call functions too often or too deep", at: position,
                suggestion: "their bodies are put in place of the calls")
        }
        var binder = ExpressionBinder(
            scope: Scope(), limits: limits, aggregates: .refused("a function"), functions: self)
        binder.prefersAliases = true
        for (parameter, argument) in zip(parameters, arguments) {
            binder.aliases[parameter.name] = try binder.converted(argument, to: parameter.type, for: parameter.name)
        }
        let body = try binder.bind(function.body)
        var result = try binder.converted(body, to: function.result, for: "the result of \(name)")
        guard result.expression.isAtMost(limits.maximumDepth, deep: 0) else {
            throw SQLError(
                .limitExceeded, "with its arguments \(name) is nested more than \(limits.maximumDepth) levels deep",
                at: position)
        }
        result.position = position
        return result
    }

    /// Binds each body over nulls, so that what is wrong with one is told though nobody calls it.
    func check() throws(SQLError) {
        for (index, function) in functions.enumerated() {
            let nulls = function.parameters.map { parameter in
                // A column, which no folding takes away.
                Bound(expression: .column(index: 0, type: parameter.type), size: 1, position: function.name.position)
            }
            _ = try expand(index, nulls, at: function.name.position)
        }
        expansions = 0
    }
}

extension ExpressionBinder {
    /// A value as a parameter or a result takes it: what a cast would only guess is refused.
    fileprivate func converted(_ bound: Bound, to type: SQLType, for what: String) throws(SQLError) -> Bound {
        if bound.type == type { return bound }
        let fits =
            bound.type == .null || bound.type.isNumeric && type.isNumeric || SQLType.common(bound.type, type) == type
        guard fits else {
            throw SQLError(
                .typeMismatch, "\(what) is \(type.name), and this is \(bound.type.name)", at: bound.position,
                suggestion: "CAST(… AS \(type.name)) converts")
        }
        return try cast(bound, to: type)
    }
}

extension BoundExpression {
    fileprivate func isAtMost(_ limit: Int, deep level: Int) -> Bool {
        guard level < limit else { return false }
        switch self {
        case .column, .literal: return true
        case .call(_, let arguments, _): return arguments.allSatisfy { $0.isAtMost(limit, deep: level + 1) }
        case .cast(let operand, _, _), .inList(let operand, _, _): return operand.isAtMost(limit, deep: level + 1)
        case .anyElement(let list, let captures, let predicate):
            return ([list, predicate] + captures).allSatisfy { $0.isAtMost(limit, deep: level + 1) }
        case .caseWhen(let branches, let otherwise, _):
            return otherwise.isAtMost(limit, deep: level + 1)
                && branches.allSatisfy {
                    $0.condition.isAtMost(limit, deep: level + 1) && $0.result.isAtMost(limit, deep: level + 1)
                }
        }
    }
}
