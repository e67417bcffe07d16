import Columns
import SQL

/// What an OVER node computes, compiled.
struct OverLayout {
    struct Call {
        /// What is computed, over names: a changed query finds its state by it.
        let name: String
        let call: OverCall
        let argument: RowExpression?
        let otherwise: RowExpression?
        let filter: RowExpression?
    }

    struct OrderKey {
        let expression: RowExpression
        let isDescending: Bool
        let nullsFirst: Bool
    }

    let partition: [RowExpression]
    let partitionTypes: [FieldType]
    let order: [OrderKey]
    let calls: [Call]
    let limit: OverSpecification.RankLimit?
    let inputSchema: Schema
    let schema: Schema
    let context: EvaluationContext

    init(
        _ over: OverSpecification, input: [PlanField], output: [PlanField], context: EvaluationContext
    ) throws(SQLError) {
        var partition: [RowExpression] = []
        for key in over.partition { partition.append(try RowExpression(key)) }
        var order: [OrderKey] = []
        for key in over.order {
            order.append(
                OrderKey(
                    expression: try RowExpression(key.expression), isDescending: key.isDescending,
                    nullsFirst: key.nullsFirst))
        }
        var calls: [Call] = []
        for call in over.calls {
            calls.append(
                Call(
                    name: call.text(over: input), call: call, argument: try Self.compiled(call.argument),
                    otherwise: try Self.compiled(call.otherwise), filter: try Self.compiled(call.filter)))
        }
        self.partition = partition
        self.partitionTypes = over.partition.map(\.type.fieldType)
        self.order = order
        self.calls = calls
        self.limit = over.limit
        self.inputSchema = Schema(planFields: input)
        self.schema = Schema(planFields: output)
        self.context = context
    }

    private static func compiled(_ expression: BoundExpression?) throws(SQLError) -> RowExpression? {
        guard let expression else { return nil }
        return try RowExpression(expression)
    }

    /// How many rows of each partition matter, where nothing is asked about the others: few enough to be picked rather than
    /// sorted out. `nil` where all do.
    var leadingRows: Int? {
        guard let limit, limit.ranking == .rowNumber, (1...64).contains(limit.count),
            calls.allSatisfy({ $0.call.function == .rowNumber })
        else { return nil }
        return Int(limit.count)
    }

    /// The partition's values of each row.
    func partitionKeys(_ batch: Batch) throws(SQLError) -> [Column] {
        var keys: [Column] = []
        for key in partition { keys.append(try key.evaluate(batch, context)) }
        return keys
    }

    /// The order of each row's values.
    func orderColumns(_ batch: Batch) throws(SQLError) -> [SortColumn] {
        var columns: [SortColumn] = []
        for key in order {
            columns.append(
                SortColumn(
                    try key.expression.evaluate(batch, context), isDescending: key.isDescending,
                    nullsFirst: key.nullsFirst))
        }
        return columns
    }
}
