/// One part of a compiled expression. Children are indices into the program, so that evaluating allocates nothing and
/// a program is a few arrays.
enum ExpressionNode {
    case undefined
    case bool(Bool)
    case integer(Int64)
    /// Bytes of the program.
    case text(Slice)
    case list(Children)
    /// Keys and values in turn.
    case dictionary(Children)
    case range(Int32, Int32)
    case variable(VariableName, keys: Children, default: Int32)
    case not(Int32)
    case negate(Int32)
    case complement(Int32)
    case binary(BinaryOperator, Int32, Int32)
    /// - Parameter compiled: index of the compiled pattern where it is a literal, else -1.
    case matches(Int32, pattern: Int32, compiled: Int32, ignoresCase: Bool)
    case call(Function, arguments: Children)
    /// A function of the page, by the index of its name.
    case callNamed(Int32, arguments: Children)
    /// Text with expressions in it.
    case concatenation(Children)
    /// Malformed: index into the program's faults.
    case fault(Int32)
}

/// A range of a program's bytes.
struct Slice: Equatable {
    var start: Int32
    var count: Int32

    var isEmpty: Bool { count == 0 }
    var range: Range<Int> { Int(start)..<Int(start) + Int(count) }
}

/// A run of a program's list of children.
struct Children {
    var first: Int32
    var count: Int32

    static let none = Children(first: 0, count: 0)
}

enum BinaryOperator {
    case or, and, bitOr, bitXor, bitAnd
    case equal, notEqual, less, lessOrEqual, greater, greaterOrEqual
    case has, hasIgnoringCase
    case shiftLeft, shiftRight
    case add, subtract, multiply, divide, remainder
}

/// What a variable's name means; known when it is compiled.
enum VariableName {
    case user(name: Int32)
    case arguments
    case matches
    case acceptLanguage, cookie, host, referer, userAgent
    /// Any other field, by the index of its name with dashes.
    case field(name: Int32)
    case queryString, requestMethod, requestPath, remoteAddress
    /// `GEO` and `TRAFFIC_INFO`: dictionaries of the edge.
    case geography, trafficInfo
}
