import SQL

extension LogicalPlan {
    /// The windows of the plan, and what they are of.
    var windows: [(input: LogicalPlan, window: WindowSpecification)] {
        switch self {
        case .scan, .values: return []
        case .window(let input, let window): return input.windows + [(input, window)]
        case .filter(let input, _), .project(let input, _, _), .aggregate(let input, _, _, _), .distinct(let input),
            .sort(let input, _), .limit(let input, _, _), .sample(let input, _), .match(let input, _, _),
            .over(let input, _), .expand(let input, _, _), .unnest(let input, _):
            return input.windows
        case .join(let left, let right, _): return left.windows + right.windows
        case .union(let inputs): return inputs.flatMap(\.windows)
        }
    }
}
