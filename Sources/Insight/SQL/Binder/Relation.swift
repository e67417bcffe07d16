/// A bound query or table: its plan, and the names of its columns.
struct Relation {
    var plan: LogicalPlan
    var scope: Scope
    /// Nodes of the plan, common tables counted as often as they are read.
    var size: Int
    /// Nodes from the top to the farthest leaf.
    var depth: Int

    /// The same rows under another table name, and other column names where given.
    func renamed(_ qualifier: String?, columns: [String]? = nil) -> Relation {
        let renamed = scope.columns.enumerated().map { index, column in
            Scope.Column(qualifier: qualifier, name: columns?[index] ?? column.name, type: column.type)
        }
        return Relation(plan: plan, scope: Scope(renamed), size: size, depth: depth)
    }
}
