import Columns

/// Conditions over one row, or a value of it, compiled so that a row costs neither an allocation nor a batch. What is usual in
/// conditions (comparisons, LIKE, IN, regular expressions, addresses, AND, OR, NOT, CASE, COALESCE, joined texts) is a
/// step of its own; any other part is computed by the kernels that queries have, over a batch of one row. Either way the
/// results are those of ``CompiledExpression``. Immutable; one may serve many threads.
public struct RowProgram: Sendable {
    enum Code: UInt8 {
        // Tests of a slot or of other tests; what they need besides is in `b`, `c` and `number`
        case constant, and, or, not, isTrue, isFalse, with
        case isNull, flag
        case textEqual, textPrefix, textSuffix, textContains, textIn, like, regexp
        case integerCompare, integerIn, compare, addressIn, network, table
        // Steps, which give slot `c` a value
        case truth, literalNull, literalInteger, literalText, literalAddress
        case lower, upper, concat, textOfInteger, textOfAddress, integerOfText, coalesce, choose, slow
    }

    struct Op: BitwiseCopyable {
        var code: Code
        /// A comparison, a truth value, or whether a list has a NULL.
        var flag: UInt8 = 0
        var a: Int32 = 0
        var b: Int32 = 0
        var c: Int32 = 0
        var number: Int64 = 0
    }

    enum Truth: UInt8 {
        case no, yes, unknown

        init(_ value: Bool) { self = value ? .yes : .no }
    }

    enum Order: UInt8 {
        case equal, notEqual, less, lessOrEqual, greater, greaterOrEqual

        init?(_ function: ScalarFunction) {
            switch function {
            case .equal: self = .equal
            case .notEqual: self = .notEqual
            case .less: self = .less
            case .lessOrEqual: self = .lessOrEqual
            case .greater: self = .greater
            case .greaterOrEqual: self = .greaterOrEqual
            default: return nil
            }
        }

        /// With the sides exchanged.
        var turned: Order {
            switch self {
            case .less: .greater
            case .lessOrEqual: .greaterOrEqual
            case .greater: .less
            case .greaterOrEqual: .lessOrEqual
            case .equal, .notEqual: self
            }
        }

        @inline(__always)
        func holds(_ difference: Int) -> Bool {
            switch self {
            case .equal: difference == 0
            case .notEqual: difference != 0
            case .less: difference < 0
            case .lessOrEqual: difference <= 0
            case .greater: difference > 0
            case .greaterOrEqual: difference >= 0
            }
        }
    }

    /// A part that the queries' kernels compute, over columns that are slots.
    struct Slow: Sendable {
        let expression: CompiledExpression
        let slots: [Int32]
        let types: [SQLType]
    }

    var ops: [Op] = []
    /// Indices of ops and slots that belong to one op.
    var children: [Int32] = []
    var literals: [UInt8] = []
    var textSets: [TextSet] = []
    var integerSets: [[Int64]] = []
    var addressSets: [[IPAddress]] = []
    var likes: [LikePattern] = []
    var regexes: [Regex] = []
    var networks: [IPNetwork] = []
    var slows: [Slow] = []
    /// Those of the columns first, then what is computed.
    public internal(set) var slotCount = 0
    /// The tests of the conditions; none for a value.
    var roots: [Int32] = []
    /// A value's steps, in `children`, and where it is then.
    var steps: Range<Int> = 0..<0
    var result: Int32 = 0
    /// The columns that are read, ascending; those that a table is asked for are not among them.
    public internal(set) var columns: [Int] = []

    /// Parts that take a batch of one row each, a microsecond or so.
    public var slowPartCount: Int { slows.count }
}
