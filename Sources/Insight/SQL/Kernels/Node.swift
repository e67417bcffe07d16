/// A compiled sub-expression.
struct Node: Sendable {
    indirect enum Kind: Sendable {
        case column(Int)
        case constant(Value)
        case call(ScalarFunction, [Node], Prepared)
        case cast(Node, isTry: Bool)
        case caseWhen([Branch], otherwise: Node)
        case inList(Node, ValueSet, isNegated: Bool)
        case anyElement(Node, captures: [Node], predicate: Node)
    }

    struct Branch: Sendable {
        let condition: Node
        let result: Node
    }

    let kind: Kind
    let type: SQLType
    /// True where a row's value may be an error, so that only rows that are needed may be computed.
    let canFail: Bool

    init(_ kind: Kind, _ type: SQLType, canFail: Bool) {
        self.kind = kind
        self.type = type
        self.canFail = canFail
    }

    var constant: Value? {
        if case .constant(let value) = kind { return value }
        return nil
    }
}

/// What was made of a constant argument at compile time.
enum Prepared: Sendable {
    case nothing
    case like(LikePattern)
    case regex(Regex)
    case path(JSONPath)
    case unit(TimeUnitName)
    case format(TimeFormat)
    case network(IPNetwork)
    case jsonKind(JSONKind)
}
