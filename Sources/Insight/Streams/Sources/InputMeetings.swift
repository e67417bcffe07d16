/// Where the inputs of a query meet, so that one that is idle is left out of the event time there.
///
/// A step with several inputs goes by the least of their watermarks. An idle input is brought up to those that it meets
/// first, as far as they are not idle; so it is the least of the others that counts, and no step need know who is idle.
/// Its next row has it count again, and is late where the others have passed it. What it was brought up to is its
/// watermark from then on, in checkpoints too.
struct InputMeetings {
    /// How far an input has come.
    struct Standing {
        let watermark: Int64
        let isIdle: Bool
    }

    /// By input: the others, in groups by the step where they meet it, the first step first.
    private let others: [[[Int]]]

    /// - Parameter first: the step that takes the rows of each input.
    init(of first: [Stage]) {
        let ways = first.map { start in sequence(first: start) { $0.downstream }.map { ObjectIdentifier($0) } }
        let steps = ways.map { Set($0) }
        others = ways.indices.map { input in
            var left = ways.indices.filter { $0 != input }
            var groups: [[Int]] = []
            for step in ways[input] {
                let met = left.filter { steps[$0].contains(step) }
                if met.isEmpty { continue }
                groups.append(met)
                left.removeAll { met.contains($0) }
            }
            return groups
        }
    }

    /// How far an idle input is to be brought; `nil` where it stays.
    ///
    /// - Parameter standings: of all inputs; `nil` of one that has ended.
    func time(for input: Int, _ standings: [Standing?]) -> Int64? {
        for group in others[input] {
            let active = group.compactMap { standings[$0] }.filter { !$0.isIdle }
            guard let least = active.map(\.watermark).min() else { continue }
            return least == .min ? nil : least
        }
        // Nobody is left to wait for: as far as the farthest.
        let farthest = standings.compactMap { $0?.watermark }.max() ?? .min
        return farthest == .min ? nil : farthest
    }
}
