import Columns
import SQL

extension PhysicalPlanner {
    /// A `GROUP BY` whose groups never are whole: it answers what changes.
    ///
    /// - Parameter name: of the step.
    func updatingStage(
        _ input: LogicalPlan, _ keys: [BoundExpression], _ aggregates: [AggregateCall], _ fields: [PlanField],
        _ name: String, _ next: StageInput
    ) throws(SQLError) -> StageInput {
        let inputChanges = isChanging(input)
        if inputChanges, let call = aggregates.first(where: { !$0.canTakeBack }) {
            throw SQLError(
                code: .unsupported,
                message: "\(call.text(over: input.outputFields)) can't take rows back, and its input changes",
                suggestion: "COUNT(DISTINCT x) can; or aggregate the events themselves")
        }
        var values = AggregateValues(input.outputFields, areApart: deadLetters != nil)
        var compiled: [RowExpression] = []
        for key in keys { compiled.append(try RowExpression(values.take(key))) }
        var layout = AggregateLayout(
            keys: compiled, keyNames: keys.map { $0.text(over: input.outputFields) },
            keyTypes: keys.map(\.type.fieldType), keyOrigins: keys.indices.map { .group($0) }, totals: [],
            calls: try compile(aggregates, over: input.outputFields, &values), windows: nil,
            schema: Schema(planFields: fields), context: context)
        layout.takesBack = inputChanges
        let aggregate = try UpdatingAggregate(
            layout: layout, inputChanges: inputChanges, schema: layout.schema.changing,
            timeToLive: groupTimeToLiveMicroseconds)
        return try stage(values, keepsKinds: inputChanges, stage(aggregate, name, next))
    }
}
