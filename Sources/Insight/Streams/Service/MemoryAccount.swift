import SQL
import Synchronization

/// The memory one query's state may take. Charged by operators once a batch, from any of the query's threads.
final class MemoryAccount: Sendable {
    let limitBytes: Int
    private let used = Atomic<Int>(0)
    private let peak = Atomic<Int>(0)

    /// Whose memory it is, and what setting limits it, for the refusal.
    private let owner: String
    private let setting: String
    private let advice: String

    init(
        limitBytes: Int, owner: String = "the query", setting: String = "query.memory_bytes",
        advice: String =
            "narrow the time range, group by fewer distinct values, use the APPROX_ aggregates or add a LIMIT "
            + "to ORDER BY"
    ) {
        self.advice = advice
        self.limitBytes = limitBytes
        self.owner = owner
        self.setting = setting
    }

    var usedBytes: Int { used.load(ordering: .relaxed) }
    var peakBytes: Int { peak.load(ordering: .relaxed) }

    /// Adds `bytes` (less than zero gives back). Past the limit the query is refused.
    func charge(_ bytes: Int, for operatorName: String) throws(SQLError) {
        let total = used.add(bytes, ordering: .relaxed).newValue
        if bytes > 0 { peak.max(total, ordering: .relaxed) }
        guard bytes > 0, total > limitBytes else { return }
        throw SQLError(
            code: .limitExceeded,
            message:
                "\(owner) needs more than its \(limitBytes / 1_048_576) MiB of memory; \(operatorName) holds the most",
            suggestion: "\(advice); the limit is the setting \(setting)")
    }
}
