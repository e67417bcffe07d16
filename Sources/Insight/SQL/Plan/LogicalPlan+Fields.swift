extension LogicalPlan {
    /// The columns the node gives.
    var fields: [PlanField] {
        switch self {
        case .scan(let table, let columns, _): columns.map { table.fields[$0] }
        case .values(_, let fields), .project(_, _, let fields), .aggregate(_, _, _, let fields),
            .match(_, _, let fields), .expand(_, _, let fields):
            fields
        case .filter(let input, _), .distinct(let input), .sort(let input, _), .limit(let input, _, _): input.fields
        case .window(let input, _):
            input.fields + WindowSpecification.columnNames.map { PlanField(name: $0, type: .timestamp) }
        case .unnest(let input, let list): input.fields + list.fields
        case .sample(let input, let sample): input.fields + sample.appendedFields
        case .over(let input, let over): input.fields + over.appendedFields
        case .join(let left, let right, let join):
            join.kind.hasRightColumns ? left.fields + right.fields : left.fields
        case .union(let inputs): inputs.first?.fields ?? []
        }
    }
}
