import Columns
import SQL

/// What a predicate says of the event times that can matter, so that stored rows outside need not be read.
enum TimeBounds {
    /// The times that rows which satisfy `predicate` can have in `column`; more than those, never fewer.
    static func of(_ predicate: BoundExpression, column: Int, now: Int64) -> ClosedRange<Int64> {
        let everything = Int64.min...Int64.max
        guard case .call(let function, let arguments, _) = predicate else { return everything }
        if function == .and {
            return arguments.reduce(everything) { range, argument in
                intersect(range, of(argument, column: column, now: now))
            }
        }
        guard arguments.count == 2 else { return everything }
        if isColumn(arguments[0], column), let time = constant(arguments[1], now) {
            return range(function, time)
        }
        if isColumn(arguments[1], column), let time = constant(arguments[0], now) {
            return range(mirrored(function), time)
        }
        return everything
    }

    static func intersect(_ left: ClosedRange<Int64>, _ right: ClosedRange<Int64>) -> ClosedRange<Int64> {
        let low = max(left.lowerBound, right.lowerBound)
        let high = min(left.upperBound, right.upperBound)
        // An empty intersection: one moment is as little as a closed range can say.
        return low <= high ? low...high : low...low
    }

    private static func isColumn(_ expression: BoundExpression, _ column: Int) -> Bool {
        if case .column(column, .timestamp) = expression { true } else { false }
    }

    private static func constant(_ expression: BoundExpression, _ now: Int64) -> Int64? {
        guard expression.type == .timestamp else { return nil }
        if case .literal(.int64(let time), _) = expression { return time }
        var readsColumns = false
        expression.forEachColumn { _ in readsColumns = true }
        guard !readsColumns, let compiled = try? RowExpression(expression) else { return nil }
        let one = Batch(schema: Schema([]), rowCount: 1, columns: [])
        let column = try? compiled.evaluate(one, EvaluationContext(now: now))
        guard let column, !column.isNull(0) else { return nil }
        return column.int64s?.first
    }

    private static func range(_ function: ScalarFunction, _ time: Int64) -> ClosedRange<Int64> {
        switch function {
        case .equal: time...time
        case .less, .lessOrEqual: Int64.min...time
        case .greater, .greaterOrEqual: time...Int64.max
        default: Int64.min...Int64.max
        }
    }

    private static func mirrored(_ function: ScalarFunction) -> ScalarFunction {
        switch function {
        case .less: .greater
        case .lessOrEqual: .greaterOrEqual
        case .greater: .less
        case .greaterOrEqual: .lessOrEqual
        default: function
        }
    }
}
