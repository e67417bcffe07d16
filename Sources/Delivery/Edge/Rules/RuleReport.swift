/// How often a rule fired, on all loops together.
public struct RuleReport: Sendable, Equatable {
    public var name: String
    public var phase: RulePhase
    public var fired: Int64
    /// Times that its condition or one of its values could not be computed.
    public var failed: Int64
}

/// By a rule's number.
struct RuleCounts: Sendable {
    var fired: [Int64]
    var failed: [Int64]

    init(fired: [Int64] = [], failed: [Int64]? = nil) {
        self.fired = fired
        self.failed = failed ?? fired
    }

    /// Counts of other rules, of before a reload, are left out.
    mutating func add(_ other: RuleCounts) {
        guard other.fired.count == fired.count else { return }
        for index in fired.indices {
            fired[index] += other.fired[index]
            failed[index] += other.failed[index]
        }
    }
}
