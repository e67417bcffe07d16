import SQL

extension PhysicalQuery {
    /// What all stages keep, at a barrier: between two batches.
    ///
    /// - Parameters:
    ///   - sequence: of the record this goes into, if any.
    ///   - isWhole: the record has to stand alone.
    func savedStates(_ sequence: Int64?, isWhole: Bool = true) throws(SQLError) -> [(key: String, state: OperatorState)]
    {
        var states: [(key: String, state: OperatorState)] = []
        for (key, stage) in stages {
            var state = OperatorState(sequence: sequence, isWhole: isWhole)
            try stage.saveState(into: &state)
            if !state.isEmpty { states.append((key, state)) }
        }
        return states
    }

    /// Gives the stages what was saved. A changed query takes over what still fits.
    ///
    /// - Returns: what begins anew, and what was saved and is left behind, for the one who changed the query.
    /// - Throws: `state_mismatch` where a stage can't go on from what it kept, `corrupt_state`.
    func restore(_ states: [(key: String, state: OperatorState)]) throws(SQLError) -> [String] {
        var notes: [String] = []
        var left = Dictionary(states.map { ($0.key, $0.state) }, uniquingKeysWith: { first, _ in first })
        for (key, stage) in stages {
            guard let state = left.removeValue(forKey: key) else { continue }
            do throws(SQLError) {
                for note in try stage.loadState(from: state) { notes.append("\(key): \(note)") }
            } catch {
                var named = error
                named.message = "\(key): \(error.message)"
                throw named
            }
        }
        for key in left.keys.sorted() { notes.append("\(key) is left behind") }
        return notes
    }
}
