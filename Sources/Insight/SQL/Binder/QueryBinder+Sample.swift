/// How much a row of a sample counts, for `EXTRAPOLATE`.
enum Extrapolation {
    /// The same for each.
    case factor(Double)
    /// In a column of the sample.
    case weight(column: Int)
}

extension QueryBinder {
    /// The rows that `SAMPLE` keeps of `input`. A column for weights is in the plan, and not in the scope.
    func bind(
        _ clause: SampleClause, over input: Relation, isGrouped: Bool
    ) throws(SQLError) -> (Relation, Extrapolation?) {
        if let position = clause.extrapolation, !isGrouped {
            throw SQLError(
                .invalidQuery, "EXTRAPOLATE scales COUNT and SUM, and this SELECT has no aggregates", at: position,
                suggestion: "leave it out")
        }
        let isScaled = clause.extrapolation != nil
        let sample: SampleSpecification
        var extrapolation: Extrapolation?
        switch clause.method {
        case .random(let percent, let seed):
            sample = .random(fraction: percent / 100, seed: seed)
            extrapolation = .factor(100 / percent)
        case .sticky(let keys, let percent, let salt):
            var binder = ExpressionBinder(
                scope: input.scope, limits: limits, aggregates: .refused("SAMPLE"), queries: self)
            var bound: [BoundExpression] = []
            for key in keys { bound.append(try binder.bind(key).expression) }
            sample = .sticky(fraction: percent / 100, keys: bound, salt: salt)
            extrapolation = .factor(100 / percent)
        case .rate(let rows):
            guard let time = input.plan.eventTimeColumn else {
                throw SQLError(
                    .invalidQuery, "SAMPLE RPS needs the time of each row, and these have none", at: clause.position,
                    suggestion: "sample the table itself, or declare WATERMARK FOR its time")
            }
            sample = .rate(rowsPerSecond: rows, timeColumn: time, appendsWeight: isScaled)
            extrapolation = .weight(column: input.plan.fields.count)
        }
        let relation = try relation(
            .sample(input: input.plan, sample: sample), input.scope, over: [input], at: clause.position)
        return (relation, isScaled ? extrapolation : nil)
    }

    /// An aggregate whose COUNTs and SUMs are scaled up to what the sample was taken of.
    func extrapolated(
        _ input: LogicalPlan, _ keys: [BoundExpression], _ calls: [AggregateCall], _ fields: [PlanField],
        by extrapolation: Extrapolation
    ) -> LogicalPlan {
        var weighted = calls
        var aggregated = fields
        if case .weight(let column) = extrapolation {
            for (index, call) in calls.enumerated() where call.isScaled {
                weighted[index] = call.weighted(by: .column(index: column, type: .double))
                aggregated[keys.count + index].type = .double
            }
        }
        let plan = LogicalPlan.aggregate(input: input, keys: keys, aggregates: weighted, fields: aggregated)
        let expressions = aggregated.enumerated().map { index, field in
            let column = BoundExpression.column(index: index, type: field.type)
            guard index >= keys.count, calls[index - keys.count].isScaled else { return column }
            return calls[index - keys.count].scaled(column, by: extrapolation)
        }
        return .project(input: plan, expressions: expressions, fields: fields)
    }
}

extension AggregateCall {
    /// What `EXTRAPOLATE` scales: a distinct value isn't more often there for being sampled.
    var isScaled: Bool {
        switch function {
        case .countAll, .count, .sum: !isDistinct
        default: false
        }
    }

    /// The sum of the weights, or of the values times their weights.
    fileprivate func weighted(by weight: BoundExpression) -> AggregateCall {
        var summand = weight
        if let argument {
            let present = BoundExpression.call(.isNull, [argument], type: .boolean)
            let value: BoundExpression =
                function == .sum
                ? .call(.multiply, [.cast(argument, to: .double, isTry: false), weight], type: .double) : weight
            summand = .caseWhen(
                [CaseBranch(condition: present, result: .literal(.null, type: .double))], otherwise: value,
                type: .double)
        }
        return AggregateCall(function: .sum, argument: summand, isDistinct: false, filter: filter, type: .double)
    }

    /// The result out of that of the sample.
    fileprivate func scaled(_ column: BoundExpression, by extrapolation: Extrapolation) -> BoundExpression {
        var value = column.type == .double ? column : BoundExpression.cast(column, to: .double, isTry: false)
        if case .factor(let factor) = extrapolation {
            value = .call(.multiply, [value, .literal(.float64(factor), type: .double)], type: .double)
        } else if function != .sum {
            value = .call(.coalesce, [value, .literal(.float64(0), type: .double)], type: .double)
        }
        guard type != .double else { return value }
        // An estimate beyond its type must not end a query: it is null.
        guard type != .float, !type.isDecimal else { return .cast(value, to: type, isTry: true) }
        return .cast(.call(.round, [value], type: .double), to: type, isTry: true)
    }
}

extension LogicalPlan {
    /// The column of event time, where the rows still are those of one table.
    fileprivate var eventTimeColumn: Int? {
        switch self {
        case .scan(let table, let columns, _): return table.timeColumn.flatMap { columns.firstIndex(of: $0) }
        case .filter(let input, _), .window(let input, _), .sample(let input, _), .limit(let input, _, _),
            .distinct(let input), .sort(let input, _):
            return input.eventTimeColumn
        case .project(let input, let expressions, _):
            guard let time = input.eventTimeColumn else { return nil }
            return expressions.firstIndex { if case .column(time, _) = $0 { true } else { false } }
        default: return nil
        }
    }
}
