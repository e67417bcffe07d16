import Columns
import SQL

extension LogicalPlan {
    /// The output columns of the node.
    var outputFields: [PlanField] {
        switch self {
        case .scan(let table, let columns, _): columns.map { table.fields[$0] }
        case .values(_, let fields), .project(_, _, let fields), .aggregate(_, _, _, let fields),
            .match(_, _, let fields), .expand(_, _, let fields):
            fields
        case .filter(let input, _), .distinct(let input), .sort(let input, _), .limit(let input, _, _):
            input.outputFields
        case .window(let input, _):
            input.outputFields
                + ["window_start", "window_end", "window_time"].map { PlanField(name: $0, type: .timestamp) }
        case .unnest(let input, let list): input.outputFields + list.fields
        case .sample(let input, let sample): input.outputFields + sample.appendedFields
        case .over(let input, let over): input.outputFields + over.appendedFields
        case .join(let left, let right, let join):
            join.kind.hasRightColumns ? left.outputFields + right.outputFields : left.outputFields
        case .union(let inputs): inputs.first?.outputFields ?? []
        }
    }
}

extension Schema {
    /// The physical schema of plan fields. A name that comes twice (`SELECT a, a`) gets a number behind it.
    init(planFields: [PlanField]) {
        var used: Set<String> = []
        self.init(
            planFields.map { field in
                var name = field.name
                var number = 0
                while !used.insert(name).inserted {
                    number += 1
                    name = "\(field.name)_\(number)"
                }
                return Field(name, field.type.fieldType)
            })
    }
}
