/// Which rows a `SAMPLE` clause keeps.
public enum SampleSpecification: Hashable, Sendable {
    /// Each row by chance, with a probability of more than 0 and at most 1. Without a seed each run draws anew.
    case random(fraction: Double, seed: Int64?)
    /// All rows of a part of the keys, which the salt chooses.
    case sticky(fraction: Double, keys: [BoundExpression], salt: Int64)
    /// At most so many rows of each second of event time. With a weight, the rows of a second wait for its end, and
    /// get a column behind the others (DOUBLE): the number of rows that each stands for.
    case rate(rowsPerSecond: Int, timeColumn: Int, appendsWeight: Bool)

    /// What the clause adds to its input's columns.
    public var appendedFields: [PlanField] {
        guard case .rate(_, _, true) = self else { return [] }
        return [PlanField(name: "$weight", type: .double)]
    }

    /// Whether leaving rows out below gives the same sample of those that are left.
    var letsConditionsThrough: Bool {
        switch self {
        case .random(_, let seed): seed == nil
        case .sticky: true
        case .rate: false
        }
    }
}
