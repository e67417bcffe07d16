extension QueryBinder {
    /// When the query is to answer.
    func emission(_ clause: EmitClause?) throws(SQLError) -> Emission {
        var emission = Emission()
        guard let clause else { return emission }
        emission.position = clause.position
        switch clause.timing {
        case .changes?: emission.timing = .changes
        case .final?: emission.timing = .final
        case .early(let every)?:
            emission.timing = .early(every: try interval(every, "EMIT EARLY EVERY", isPositive: true))
        case nil: break
        }
        if let lateness = clause.lateness {
            emission.lateness = try interval(lateness, "ALLOW LATENESS", isPositive: false)
            guard emission.lateness >= 0 else {
                throw SQLError(.invalidQuery, "ALLOW LATENESS is not less than zero", at: lateness.position)
            }
        }
        emission.lateTarget = clause.lateTarget
        return emission
    }

    /// Only a whole statement says when it answers.
    func refuseEmission(in query: Query) throws(SQLError) {
        guard let clause = query.emission else { return }
        throw SQLError(
            .invalidQuery,
            "EMIT, ALLOW LATENESS and LATE DATA stand at the end of a statement, not in a query within it",
            at: clause.position, suggestion: "move it behind the last parenthesis")
    }
}
