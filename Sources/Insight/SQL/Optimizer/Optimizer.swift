/// Rewrites a bound plan into one that reads and computes less and gives the same rows.
enum Optimizer {
    static func optimize(_ plan: LogicalPlan) -> LogicalPlan {
        let filtered = PredicatePushDown.push(plan)
        let pruned = ProjectionPushDown.prune(filtered)
        return ProjectionMerging.merge(pruned)
    }
}
