import SQL

/// A row pattern as a non-deterministic automaton without empty moves: its states are the pattern's variables with
/// repetitions written out, and each knows which states may take the next row, the preferred ones first.
struct PatternProgram {
    /// The state before the first row.
    static let start = 0

    /// The variable that each state has just given a row to; of `start` it means nothing.
    private(set) var variables: [Int] = [-1]
    /// The states that may take the next row, in order of preference. States that would only be better than an end
    /// here, not those that would be worse, follow an accepting state.
    private(set) var following: [[Int]] = []
    /// Whether the match may end with the row that the state took.
    private(set) var accepts: [Bool] = []

    private enum Instruction {
        case row(state: Int, next: Int)
        /// Empty moves, the preferred first.
        case split([Int])
        case accept
    }

    private var instructions: [Instruction] = [.accept]

    init(_ pattern: RowPattern) {
        let entry = compile(pattern, next: 0)
        var nexts = Array(repeating: entry, count: variables.count)
        for case .row(let state, let next) in instructions { nexts[state] = next }
        for next in nexts {
            let (states, accepts) = closure(from: next)
            following.append(states)
            self.accepts.append(accepts)
        }
    }

    /// Adds instructions for `pattern` that go on at `next`, and returns the first.
    private mutating func compile(_ pattern: RowPattern, next: Int) -> Int {
        switch pattern {
        case .variable(let variable):
            variables.append(variable)
            return add(.row(state: variables.count - 1, next: next))
        case .sequence(let parts):
            return parts.reversed().reduce(next) { compile($1, next: $0) }
        case .alternatives(let parts):
            return add(.split(parts.map { compile($0, next: next) }))
        case .repeated(let part, let minimum, let maximum, let isReluctant):
            var entry = next
            var needed = minimum
            if let maximum {
                for _ in minimum..<maximum {
                    let body = compile(part, next: entry)
                    entry = add(.split(isReluctant ? [next, body] : [body, next]))
                }
            } else {
                let loop = add(.split([]))
                let body = compile(part, next: loop)
                instructions[loop] = .split(isReluctant ? [next, body] : [body, next])
                // What is needed once is the loop's own body: copies of nested parts would double at each level.
                entry = minimum == 0 ? loop : body
                needed = max(minimum - 1, 0)
            }
            for _ in 0..<needed { entry = compile(part, next: entry) }
            return entry
        }
    }

    private mutating func add(_ instruction: Instruction) -> Int {
        instructions.append(instruction)
        return instructions.count - 1
    }

    /// The states that empty moves lead to from `entry`, as far as they are better than an end.
    private func closure(from entry: Int) -> (states: [Int], accepts: Bool) {
        var states: [Int] = []
        var seen: Set<Int> = []
        var stack = [entry]
        while let index = stack.popLast() {
            guard seen.insert(index).inserted else { continue }
            switch instructions[index] {
            case .row(let state, _): states.append(state)
            case .split(let targets): stack.append(contentsOf: targets.reversed())
            case .accept: return (states, true)
            }
        }
        return (states, false)
    }
}
