/// A scalar expression as written.
indirect enum Expression: Hashable, Sendable {
    case name(Name)
    case literal(Literal, SourcePosition)
    case unary(UnaryOperator, Expression, SourcePosition)
    /// The position is the operator's.
    case binary(BinaryOperator, Expression, Expression, SourcePosition)
    /// A chain of one connective, flat however long it is.
    case logical(LogicalOperator, [Expression])
    case call(FunctionCall)
    case cast(Expression, to: TypeName, isTry: Bool, SourcePosition)
    case caseWhen(operand: Expression?, [CaseClause], otherwise: Expression?, SourcePosition)
    case like(Expression, pattern: Expression, escape: Expression?, isNegated: Bool, SourcePosition)
    case between(Expression, low: Expression, high: Expression, isSymmetric: Bool, isNegated: Bool, SourcePosition)
    case inList(Expression, [Expression], isNegated: Bool, SourcePosition)
    case inQuery(Expression, Query, isNegated: Bool, SourcePosition)
    case exists(Query, SourcePosition)
    case scalarQuery(Query, SourcePosition)
    case truth(Expression, TruthTest, isNegated: Bool, SourcePosition)
    case distinctFrom(Expression, Expression, isNegated: Bool, SourcePosition)

    /// Where an error about the whole expression points: its first token.
    var position: SourcePosition {
        switch self {
        case .name(let name): name.position
        case .literal(_, let position), .unary(_, _, let position), .cast(_, _, _, let position): position
        case .caseWhen(_, _, _, let position), .exists(_, let position), .scalarQuery(_, let position): position
        case .binary(_, let left, _, _), .distinctFrom(let left, _, _, _): left.position
        case .logical(_, let operands): operands[0].position
        case .call(let call): call.position
        case .like(let operand, _, _, _, _), .between(let operand, _, _, _, _, _): operand.position
        case .inList(let operand, _, _, _), .inQuery(let operand, _, _, _), .truth(let operand, _, _, _):
            operand.position
        }
    }
}

struct CaseClause: Hashable, Sendable {
    var condition: Expression
    var result: Expression
}

/// A value as written.
enum Literal: Hashable, Sendable {
    case null
    case bool(Bool)
    case integer(Int64)
    /// With an exponent.
    case number(Double)
    /// With digits behind a point, or an integer that needs more than 64 bits: in units of its scale.
    case decimal(Int128, precision: Int, scale: Int)
    case text(String)
    case binary([UInt8])
    /// `DATE '…'`, `TIME '…'`, `TIMESTAMP '…'`: read by the same rules as a cast of the text.
    case typedText(TypeName.Base, String)
    /// Microseconds.
    case intervalDaySecond(Int64)
    /// Months.
    case intervalYearMonth(Int64)
}

enum UnaryOperator: Hashable, Sendable {
    case minus
    case plus
    case not
}

enum BinaryOperator: String, Hashable, Sendable {
    case equal = "="
    case notEqual = "<>"
    case less = "<"
    case lessOrEqual = "<="
    case greater = ">"
    case greaterOrEqual = ">="
    case add = "+"
    case subtract = "-"
    case multiply = "*"
    case divide = "/"
    case remainder = "%"
    case concat = "||"
}

enum LogicalOperator: String, Hashable, Sendable {
    case and = "AND"
    case or = "OR"
}

enum TruthTest: String, Hashable, Sendable {
    case null = "NULL"
    case isTrue = "TRUE"
    case isFalse = "FALSE"
    case unknown = "UNKNOWN"
}

/// `name([DISTINCT] arguments [ORDER BY …]) [WITHIN GROUP (ORDER BY …)] [IGNORE NULLS] [FILTER (WHERE condition)] [OVER …]`. The forms with key words inside (`EXTRACT(… FROM …)`,
/// `TRIM(BOTH …)`) are calls too, with the key word as a first argument of text.
struct FunctionCall: Hashable, Sendable {
    /// As written; function names are compared without regard to case.
    var name: String
    var arguments: [Expression]
    /// `COUNT(*)`
    var isStar = false
    var isDistinct = false
    /// The order in which an aggregate takes its values.
    var orderBy: [OrderItem] = []
    var filter: Expression?
    var nulls: NullTreatment?
    var over: OverReference?
    /// What stands in the parentheses of JSON functions besides arguments.
    var clauses: CallClauses?
    var position: SourcePosition

    var upperName: String { name.uppercased() }
}

/// A type as written in `CAST` and `CREATE TABLE`.
struct TypeName: Hashable, Sendable {
    enum Base: String, Hashable, Sendable, CaseIterable {
        case boolean = "BOOLEAN"
        case tinyint = "TINYINT"
        case smallint = "SMALLINT"
        case integer = "INTEGER"
        case bigint = "BIGINT"
        case float = "FLOAT"
        case double = "DOUBLE"
        case decimal = "DECIMAL"
        case varchar = "VARCHAR"
        case varbinary = "VARBINARY"
        case date = "DATE"
        case time = "TIME"
        case timestamp = "TIMESTAMP"
        case ip = "IP"
        case json = "JSON"
        case array = "ARRAY"
        case map = "MAP"
        case row = "ROW"
    }

    var base: Base
    /// Precision and scale, or length, as written.
    var parameters: [Int] = []
    /// Of `ARRAY<…>`, `MAP<…>` and `ROW<…>`: the types inside, and the names of a row's fields.
    var parts: [TypeName] = []
    var names: [Identifier] = []
    /// `CHAR` instead of `VARCHAR`.
    var hasFixedLength = false
    var position: SourcePosition
}
