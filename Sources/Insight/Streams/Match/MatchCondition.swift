import Bytes
import Columns
import SQL

/// What of a variable's condition looks at other rows of the match: small typed steps where it is comparisons and
/// arithmetic of numbers, and otherwise an expression over a batch of one row.
struct MatchCondition {
    private indirect enum Node {
        case read(Int)
        case constant(MatchValue)
        case comparison(ScalarFunction, Node, Node)
        case arithmetic(ScalarFunction, Node, Node, SQLType)
        case and(Node, Node)
        case or(Node, Node)
        case not(Node)
        case isNull(Node)
        case double(Node)
        /// An integer or a decimal, in smaller units: so many times as many.
        case decimal(Node, power: Int128)
    }

    private let node: Node?
    private let expression: CompiledExpression
    private let schema: Schema
    private let context: EvaluationContext

    init(
        _ condition: BoundExpression, reads: [MatchSpecification.Read], context: EvaluationContext
    ) throws(SQLError) {
        self.node = Self.node(condition)
        self.expression = try CompiledExpression(condition)
        self.schema = Schema(planFields: reads.map { PlanField(name: "read", type: $0.type) })
        self.context = context
    }

    /// Whether the row at `place` satisfies it, with `registers` that know the row already.
    func isTrue(
        _ registers: [Int64], _ sources: [MatchRegisters.Source], place: MatchRows.Place, rows: MatchedRows,
        _ store: MatchRows
    ) throws(SQLError) -> Bool {
        func value(_ read: Int) -> MatchValue {
            switch sources[read] {
            case .current(let column): return store.value(column, place)
            case .row(let register, let column):
                let row = registers[register]
                return row == MatchRegisters.noRow ? .null : store.value(column, rows[row])
            default: return MatchRegisters.number(sources[read], registers)
            }
        }
        if let node {
            if case .bool(true) = Self.evaluate(node, value) { return true }
            return false
        }
        var builder = BatchBuilder(schema: schema, capacity: 1)
        for read in sources.indices {
            builder[read].append(sources[read], registers, place: place, rows: rows, store)
        }
        builder.endRow()
        return try !expression.select(builder.finish(), context: context).isEmpty
    }

    private static func evaluate(_ node: Node, _ value: (Int) -> MatchValue) -> MatchValue {
        switch node {
        case .read(let read): return value(read)
        case .constant(let constant): return constant
        case .comparison(let function, let left, let right):
            return compare(function, evaluate(left, value), evaluate(right, value))
        case .arithmetic(let function, let left, let right, let type):
            return compute(function, evaluate(left, value), evaluate(right, value), type)
        case .and(let left, let right):
            let first = evaluate(left, value)
            if case .bool(false) = first { return first }
            let second = evaluate(right, value)
            if case .bool(false) = second { return second }
            if case .null = first { return .null }
            return second
        case .or(let left, let right):
            let first = evaluate(left, value)
            if case .bool(true) = first { return first }
            let second = evaluate(right, value)
            if case .bool(true) = second { return second }
            if case .null = first { return .null }
            return second
        case .not(let operand):
            guard case .bool(let bool) = evaluate(operand, value) else { return .null }
            return .bool(!bool)
        case .isNull(let operand):
            if case .null = evaluate(operand, value) { return .bool(true) }
            return .bool(false)
        case .double(let operand):
            guard case .integer(let integer) = evaluate(operand, value) else { return .null }
            return .double(Double(integer))
        case .decimal(let operand, let power):
            switch evaluate(operand, value) {
            case .integer(let integer): return .decimal(Int128(integer) &* power)
            case .decimal(let units): return .decimal(units &* power)
            default: return .null
            }
        }
    }

    private static func compare(_ function: ScalarFunction, _ left: MatchValue, _ right: MatchValue) -> MatchValue {
        switch (left, right) {
        case (.integer(let first), .integer(let second)): return .bool(compare(function, first, second))
        case (.double(let first), .double(let second)): return .bool(compare(function, first, second))
        case (.decimal(let first), .decimal(let second)): return .bool(compare(function, first, second))
        default: return .null
        }
    }

    private static func compare<Value: Comparable>(_ function: ScalarFunction, _ left: Value, _ right: Value) -> Bool {
        switch function {
        case .equal: left == right
        case .notEqual: left != right
        case .less: left < right
        case .lessOrEqual: left <= right
        case .greater: left > right
        default: left >= right
        }
    }

    private static func compute(
        _ function: ScalarFunction, _ left: MatchValue, _ right: MatchValue, _ type: SQLType
    ) -> MatchValue {
        switch (left, right) {
        case (.integer(let first), .integer(let second)):
            let result =
                switch function {
                case .add: first &+ second
                case .subtract: first &- second
                default: first &* second
                }
            return .integer(IntegerSumAccumulator.narrow(result, to: type))
        case (.double(let first), .double(let second)):
            switch function {
            case .add: return .double(first + second)
            case .subtract: return .double(first - second)
            case .multiply: return .double(first * second)
            default: return .double(first / second)
            }
        case (.decimal(let first), .decimal(let second)):
            switch function {
            case .add: return .decimal(first &+ second)
            case .subtract: return .decimal(first &- second)
            default: return .decimal(first &* second)
            }
        default: return .null
        }
    }

    // MARK: Compiling

    private static let integers: Set<SQLType> = [.tinyint, .smallint, .integer, .bigint]

    /// `nil` where it holds more than the steps know.
    private static func node(_ expression: BoundExpression) -> Node? {
        switch expression {
        case .column(let index, let type):
            let known: Set<FieldType> = [.int64, .timestamp, .float64, .bool]
            return known.contains(type.fieldType) || type.fieldType.decimalScale != nil ? .read(index) : nil
        case .literal(.null, _): return .constant(.null)
        case .literal(.int64(let value), _): return .constant(.integer(value))
        case .literal(.float64(let value), _): return .constant(.double(value))
        case .literal(.bool(let value), _): return .constant(.bool(value))
        case .literal(.decimal(let value), _): return .constant(.decimal(value))
        case .cast(let operand, .double, _) where integers.contains(operand.type): return node(operand).map(Node.double)
        case .cast(let operand, .bigint, _) where integers.contains(operand.type): return node(operand)
        case .cast(let operand, .decimal(let precision, let scale), _):
            guard let given = decimalSize(operand.type), given.scale <= scale,
                given.precision - given.scale <= precision - scale, let inner = node(operand)
            else { return nil }
            return .decimal(inner, power: PowersOfTen.int128[scale - given.scale])
        case .call(let function, let arguments, let type): return node(function, arguments, type)
        default: return nil
        }
    }

    private static func node(_ function: ScalarFunction, _ arguments: [BoundExpression], _ type: SQLType) -> Node? {
        var operands: [Node] = []
        for argument in arguments {
            guard let operand = node(argument) else { return nil }
            operands.append(operand)
        }
        switch (function, operands.count) {
        case (.isNull, 1): return .isNull(operands[0])
        case (.not, 1): return .not(operands[0])
        case (.and, 2): return .and(operands[0], operands[1])
        case (.or, 2): return .or(operands[0], operands[1])
        case (.equal, 2), (.notEqual, 2), (.less, 2), (.lessOrEqual, 2), (.greater, 2), (.greaterOrEqual, 2):
            let scales = arguments.map(\.type.fieldType.decimalScale)
            let areDecimals = scales[0] != nil && scales[0] == scales[1]
            guard areDecimals || arguments.allSatisfy({ isNumber($0.type) }) else { return nil }
            return .comparison(function, operands[0], operands[1])
        case (.add, 2), (.subtract, 2), (.multiply, 2):
            if isRoomy(function, arguments.map(\.type), type) {
                return .arithmetic(function, operands[0], operands[1], type)
            }
            guard integers.contains(type) || type == .double, arguments.allSatisfy({ $0.type == type }) else {
                return nil
            }
            return .arithmetic(function, operands[0], operands[1], type)
        case (.divide, 2) where type == .double && arguments.allSatisfy({ $0.type == .double }):
            return .arithmetic(function, operands[0], operands[1], type)
        default: return nil
        }
    }

    private static func decimalSize(_ type: SQLType) -> (precision: Int, scale: Int)? {
        switch type {
        case .tinyint: (3, 0)
        case .smallint: (5, 0)
        case .integer: (10, 0)
        case .bigint: (19, 0)
        case .decimal(let precision, let scale): (precision, scale)
        default: nil
        }
    }

    /// Whether whole numbers of units are computed with as they are, and every result fits.
    private static func isRoomy(_ function: ScalarFunction, _ operands: [SQLType], _ type: SQLType) -> Bool {
        guard case .decimal(let precision, let scale) = type, precision < FieldType.maximumDecimalDigits,
            case .decimal(_, let first) = operands[0], case .decimal(_, let second) = operands[1]
        else { return false }
        return function == .multiply ? scale == first + second : first == scale && second == scale
    }

    /// Types whose values compare as plain numbers; not-a-number does too, in the kernels and here.
    private static func isNumber(_ type: SQLType) -> Bool {
        integers.contains(type) || type == .double || type == .timestamp
    }
}

extension ColumnBuilder {
    /// The value of a read.
    mutating func append(
        _ source: MatchRegisters.Source, _ registers: [Int64], place: MatchRows.Place, rows: MatchedRows,
        _ store: MatchRows
    ) {
        switch source {
        case .current(let column): append(store[column, place], row: MatchRows.row(place))
        case .row(let register, let column):
            let row = registers[register]
            guard row != MatchRegisters.noRow else { return appendNull() }
            let place = rows[row]
            append(store[column, place], row: MatchRows.row(place))
        default:
            switch MatchRegisters.number(source, registers) {
            case .integer(let value): append(int64: value)
            case .double(let value): append(float64: value)
            case .decimal(let value): append(decimal: value)
            case .bool, .null: appendNull()
            }
        }
    }
}
