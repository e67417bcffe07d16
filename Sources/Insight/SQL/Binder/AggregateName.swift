/// The aggregates by name.
enum AggregateName: String, CaseIterable {
    case count = "COUNT"
    case sum = "SUM"
    case min = "MIN"
    case max = "MAX"
    case avg = "AVG"
    case first = "FIRST_VALUE"
    case last = "LAST_VALUE"
    case anyValue = "ANY_VALUE"
    case every = "EVERY"
    case boolAnd = "BOOL_AND"
    case some = "SOME"
    case boolOr = "BOOL_OR"
    case stddevPop = "STDDEV_POP"
    case stddevSamp = "STDDEV_SAMP"
    case stddev = "STDDEV"
    case varPop = "VAR_POP"
    case varSamp = "VAR_SAMP"
    case variance = "VARIANCE"
    case listAgg = "LISTAGG"
    case arrayAgg = "ARRAY_AGG"
    case collect = "COLLECT"
    case jsonArrayAgg = "JSON_ARRAYAGG"
    case jsonObjectAgg = "JSON_OBJECTAGG"
    case percentile = "PERCENTILE"
    case approxCountDistinct = "APPROX_COUNT_DISTINCT"
    case approxPercentile = "APPROX_PERCENTILE"
}

extension AggregateName {
    /// Whether `IGNORE NULLS` may stand behind it.
    var takesNullTreatment: Bool {
        switch self {
        case .first, .last, .anyValue, .arrayAgg, .collect: true
        default: false
        }
    }
}

extension AggregateName {
    /// Whether `ORDER BY` may say in which order it takes values.
    var takesOrder: Bool {
        switch self {
        case .listAgg, .arrayAgg, .collect, .jsonArrayAgg: true
        default: false
        }
    }
}

extension OverReference {
    fileprivate var containsAggregate: Bool {
        guard case .window(let window) = self else { return false }
        return window.containsAggregate
    }
}

extension OverWindow {
    /// Whether an aggregate of the query is what rows are parted or ordered by.
    var containsAggregate: Bool {
        partitionBy.contains(where: \.containsAggregate)
            || orderBy.contains { $0.expression.containsAggregate }
    }
}

extension AggregateName {
    /// The fewest and the most arguments.
    var argumentCount: ClosedRange<Int> {
        switch self {
        case .approxPercentile, .percentile, .jsonObjectAgg: 2...2
        case .listAgg: 1...2
        case .count: 1...100
        default: 1...1
        }
    }

    var usage: String {
        switch self {
        case .approxPercentile, .percentile: "\(rawValue)(value, 0.99)"
        case .listAgg: "LISTAGG(text, ',')"
        case .jsonObjectAgg: "JSON_OBJECTAGG(KEY name VALUE value)"
        default: "\(rawValue)(value)"
        }
    }

    var variance: AggregateCall.Variance? {
        switch self {
        case .stddevPop: .init(isSample: false, isDeviation: true)
        case .stddevSamp, .stddev: .init(isSample: true, isDeviation: true)
        case .varPop: .init(isSample: false, isDeviation: false)
        case .varSamp, .variance: .init(isSample: true, isDeviation: false)
        default: nil
        }
    }
}

extension Expression {
    /// Whether an aggregate of this query stands in it (one in a sub-query is not of this query).
    var containsAggregate: Bool {
        switch self {
        case .name, .literal, .exists, .scalarQuery: false
        case .unary(_, let operand, _), .cast(let operand, _, _, _), .truth(let operand, _, _, _),
            .inQuery(let operand, _, _, _):
            operand.containsAggregate
        case .binary(_, let left, let right, _), .distinctFrom(let left, let right, _, _):
            left.containsAggregate || right.containsAggregate
        case .logical(_, let operands): operands.contains(where: \.containsAggregate)
        case .call(let call):
            call.over == nil && AggregateName(rawValue: call.upperName) != nil
                || ExpressionBinder.groupingFunctions.contains(call.upperName)
                || call.arguments.contains(where: \.containsAggregate)
                || call.over?.containsAggregate == true || call.over != nil && call.filter?.containsAggregate == true
        case .caseWhen(let operand, let clauses, let otherwise, _):
            operand?.containsAggregate == true || otherwise?.containsAggregate == true
                || clauses.contains { $0.condition.containsAggregate || $0.result.containsAggregate }
        case .like(let text, let pattern, let escape, _, _):
            text.containsAggregate || pattern.containsAggregate || escape?.containsAggregate == true
        case .between(let value, let low, let high, _, _, _):
            value.containsAggregate || low.containsAggregate || high.containsAggregate
        case .inList(let value, let items, _, _):
            value.containsAggregate || items.contains(where: \.containsAggregate)
        }
    }
}
