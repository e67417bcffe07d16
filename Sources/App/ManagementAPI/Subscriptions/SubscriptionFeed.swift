import Columns
import Runtime
import SQL
import Streams
import Synchronization

/// One live query and those who get its rows: every group all of them, of a group each row exactly one connection.
final class SubscriptionFeed: QuerySink {
    private struct Group {
        var members: [Subscriber] = []
        /// Who is next.
        var turn = 0
    }

    private struct State {
        var fields: [PlanField]?
        var groups: [String: Group] = [:]
        var statistics = QueryStatistics()
        var handle: QueryHandle?
        var isOver = false
    }

    private let state = Mutex(State())
    private let clock = SystemClock()
    private let onEnd: @Sendable (SubscriptionFeed, [(group: String, Subscriber)]) -> Void

    /// - Parameter onEnd: called once when the query has ended, with those who were still there.
    init(onEnd: @escaping @Sendable (SubscriptionFeed, [(group: String, Subscriber)]) -> Void) { self.onEnd = onEnd }

    /// - Returns: false when the query is over already.
    func join(_ subscriber: Subscriber, group: String) -> Bool {
        state.withLock { state in
            guard !state.isOver else { return false }
            state.groups[group, default: Group()].members.append(subscriber)
            if let fields = state.fields { subscriber.start(fields, statistics: state.statistics) }
            return true
        }
    }

    /// - Returns: whether it was there, and whether nobody is left; then the query ends.
    func leave(_ subscriber: Subscriber, group: String) -> (wasMember: Bool, isEmpty: Bool) {
        let (outcome, handle) = state.withLock { state -> ((Bool, Bool), QueryHandle?) in
            guard let index = state.groups[group]?.members.firstIndex(where: { $0 === subscriber }) else {
                return ((false, false), nil)
            }
            state.groups[group]?.members.remove(at: index)
            if state.groups[group]?.members.isEmpty == true { state.groups[group] = nil }
            guard state.groups.isEmpty else { return ((true, false), nil) }
            state.isOver = true
            return ((true, true), state.handle)
        }
        handle?.cancel()
        return outcome
    }

    func attach(_ handle: QueryHandle) {
        let isOver = state.withLock { state in
            state.handle = handle
            return state.isOver
        }
        if isOver { handle.cancel() }
    }

    /// Ends the query and tells who is there why.
    func stop() {
        let handle = state.withLock { $0.handle }
        finish(.failure(SQLError(code: .cancelled, message: "the server is shutting down")))
        handle?.cancel()
    }

    /// Lets every subscriber say what it lost.
    func tick(now: Int64) {
        let (members, statistics) = state.withLock { state in (Self.members(state), state.statistics) }
        for member in members { member.tick(statistics, now: now) }
    }

    /// Rows that those who are there got and lost.
    var counts: (sent: Int, lost: Int) {
        let counts = state.withLock { Self.members($0) }.map(\.counts)
        return (counts.reduce(0) { $0 + $1.sentRows }, counts.reduce(0) { $0 + $1.lostRows })
    }

    private static func members(_ state: State) -> [Subscriber] { state.groups.values.flatMap(\.members) }

    // MARK: The query

    func start(_ fields: [PlanField]) {
        let members = state.withLock { state in
            state.fields = fields
            return Self.members(state)
        }
        for member in members { member.start(fields, statistics: QueryStatistics()) }
    }

    func receive(_ batch: Batch) -> Bool {
        let (fields, groups) = state.withLock { state in
            let groups = state.groups
            for (name, group) in groups {
                state.groups[name]?.turn = (group.turn + batch.rowCount) % group.members.count
            }
            return (state.fields ?? [], groups)
        }
        let now = clock.monotonicNanoseconds()
        let writer = JSONWriter(fields: fields)
        var texts: [SubscriptionRequest.Format: RowText] = [:]
        for group in groups.values {
            let count = group.members.count
            for (place, member) in group.members.enumerated() {
                let text = texts[member.format] ?? RowText(batch, writer, member.format)
                texts[member.format] = text
                member.offer(text, first: (place - group.turn + count) % count, step: count, now: now)
            }
        }
        return true
    }

    func report(_ statistics: QueryStatistics) { state.withLock { $0.statistics = statistics } }

    func finish(_ result: Result<QueryStatistics, SQLError>) {
        let members = state.withLock { state in
            state.isOver = true
            let members = state.groups.flatMap { name, group in group.members.map { (group: name, $0) } }
            state.groups = [:]
            return members
        }
        onEnd(self, members)
        for (_, member) in members { member.end(result) }
    }
}
