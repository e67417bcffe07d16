import Columns
import SQL

extension PhysicalPlanner {
    func buildMatch(
        _ input: LogicalPlan, _ match: MatchSpecification, _ fields: [PlanField], _ next: StageInput,
        _ query: PhysicalQuery
    ) throws(SQLError) {
        try requireRowsInTime(input, for: "MATCH_RECOGNIZE")
        try requireTimesOnTime(input, time: match.timeColumn, for: "MATCH_RECOGNIZE")
        try requireAppended(input, for: "MATCH_RECOGNIZE", "match the events before they are grouped or joined")
        let inputFields = input.outputFields
        let layout = try MatchLayout(
            match, input: inputFields, fields: fields, context: context, deadLetters: deadLetters)
        let pending = PendingRows(
            schema: Schema(planFields: inputFields), order: try SortOrder(keys: match.order, context: context),
            timeColumn: match.timeColumn)
        let recognize = MatchRecognize(layout: layout, pending: pending, isLive: isLive)
        try build(input, byKey(stage(recognize, "MATCH_RECOGNIZE", next)), query)
    }
}
