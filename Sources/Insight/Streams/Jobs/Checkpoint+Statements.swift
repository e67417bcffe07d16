/// Which statement of a job it is, whatever its number: what it writes to, and its place among those that write there
/// too.
struct JobStatement: Hashable {
    let target: String
    /// From 0.
    let rank: Int

    static func all(_ targets: [String]) -> [JobStatement] {
        var counts: [String: Int] = [:]
        return targets.map { target in
            let rank = counts[target, default: 0]
            counts[target] = rank + 1
            return JobStatement(target: target, rank: rank)
        }
    }

    var words: String { rank == 0 ? "INSERT INTO \(target)" : "INSERT INTO \(target), number \(rank + 1)" }
}

/// Inputs and states stand in a record under the number of their statement, and the record tells the statements'
/// targets: so a text's statements may come, go and change places.
extension Checkpoint {
    /// The record under the numbers of other statements, without what none of them has.
    ///
    /// - Parameter targets: of the statements in their order. What else is written to may stand behind them.
    func renumbered(for targets: [String]) -> Checkpoint {
        let own = JobStatement.all(outputs.map(\.target))
        let numbers = Self.numbers(targets)
        func moved(_ key: String) -> String? {
            // A record that tells no targets is taken by its numbers.
            guard let (number, rest) = Self.split(key), own.indices.contains(number) else { return key }
            return numbers[own[number]].map { "\($0)\(rest)" }
        }
        var other = self
        other.inputs = []
        for var input in inputs {
            guard let key = moved(input.key) else { continue }
            input.key = key
            other.inputs.append(input)
        }
        other.states = []
        for (key, state) in states {
            if let key = moved(key) { other.states.append((key, state)) }
        }
        return other
    }

    /// The places of statements that the record knows nothing of.
    ///
    /// - Parameter targets: as above.
    func unknown(among targets: [String]) -> [Int] {
        let known = Set(JobStatement.all(outputs.map(\.target)))
        let statements = JobStatement.all(targets)
        return known.isEmpty ? [] : statements.indices.filter { !known.contains(statements[$0]) }
    }

    /// What other statements leave behind of the record, and which of them begin anew, in words.
    func differences(from targets: [String]) -> [String] {
        let own = JobStatement.all(outputs.map(\.target))
        let statements = JobStatement.all(targets)
        let numbers = Self.numbers(targets)
        let kept = Set(states.compactMap { Self.split($0.key)?.number }).sorted()
        let left = kept.filter { own.indices.contains($0) && numbers[own[$0]] == nil }
            .map { "\(own[$0].words): there is no such statement any more, what it kept is left behind" }
        let fresh = unknown(among: targets)
            .map { "statement \($0 + 1): \(statements[$0].words) is new, and begins anew" }
        return left + fresh
    }

    private static func numbers(_ targets: [String]) -> [JobStatement: Int] {
        Dictionary(zip(JobStatement.all(targets), targets.indices), uniquingKeysWith: { first, _ in first })
    }

    /// The number in front of a key of an input (`0.1 requests`) or a state (`0 JOIN 0`), and what follows it.
    private static func split(_ key: String) -> (number: Int, rest: Substring)? {
        guard let end = key.firstIndex(where: { $0 == "." || $0 == " " }), let number = Int(key[..<end]) else {
            return nil
        }
        return (number, key[end...])
    }
}
