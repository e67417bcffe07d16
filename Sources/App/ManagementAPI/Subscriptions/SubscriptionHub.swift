import Edge
import Runtime
import Streams

/// The open subscriptions. Those that ask the same share one running query; a query ends with its last subscriber.
final class SubscriptionHub: Sendable {
    /// What may share a query.
    fileprivate struct FeedKey: Hashable {
        var text: String
        var language: QueryRequest.Language
        /// Set where only connections of one group may share it.
        var group: String?
    }

    fileprivate struct State: Sendable {
        var feeds: [FeedKey: SubscriptionFeed] = [:]
        /// The query of each named subscription, and its connections.
        var groups: [String: (key: FeedKey, count: Int)] = [:]
        var count = 0
        var opened = 0
        var sentRows = 0
        var lostRows = 0
        var isStopping = false
    }

    let limits: SubscriptionLimits
    private let queries: QueryService
    private let state: Monitor<State>

    init(_ queries: QueryService, limits: SubscriptionLimits) {
        self.queries = queries
        self.limits = limits
        let state = Monitor(State())
        self.state = state
        Thread.start(name: "subscriptions") { SubscriptionHub.tick(state) }
    }

    deinit { state.update { $0.isStopping = true } }

    /// Subscriptions now, and rows that they got and lost.
    var figures: (open: Int, sentRows: Int, lostRows: Int) {
        state.withLock { state in
            var figures = (state.count, state.sentRows, state.lostRows)
            for feed in state.feeds.values {
                let counts = feed.counts
                figures.1 += counts.sent
                figures.2 += counts.lost
            }
            return figures
        }
    }

    /// - Throws: 429 when too many are open, 409 when the client's subscription of that name asks something else.
    func subscribe(_ request: SubscriptionRequest, _ responder: Responder) throws(APIError) {
        let subscriber = Subscriber(request, responder)
        var toRun: SubscriptionFeed?
        let admitted = state.update { state -> Result<(FeedKey, String), APIError> in
            guard !state.isStopping else {
                return .failure(APIError(503, "shutting_down", "the server is shutting down"))
            }
            guard state.count < limits.maximumCount else {
                return .failure(
                    APIError(
                        429, "too_many_subscriptions",
                        "\(limits.maximumCount) subscriptions are open; try again when one has ended, or raise the setting subscriptions.max_count"
                    ))
            }
            state.opened += 1
            let group = Self.group(request, number: state.opened)
            let key = Self.key(request, group: group)
            if let existing = state.groups[group], existing.key != key {
                return .failure(
                    APIError(
                        409, "subscription_in_use",
                        "subscription \(request.subscriptionID ?? "") of client \(request.clientID ?? "") asks another query"
                    ))
            }
            if state.feeds[key]?.join(subscriber, group: group) != true {
                let feed = SubscriptionFeed { [weak self] feed, left in self?.ended(feed, key, left) }
                _ = feed.join(subscriber, group: group)
                state.feeds[key] = feed
                toRun = feed
            }
            state.count += 1
            state.groups[group, default: (key, 0)].count += 1
            return .success((key, group))
        }
        let (key, group) = try admitted.get()
        if let toRun { toRun.attach(queries.run(request.query, sink: toRun, isAdmitted: true)) }
        responder.onClose { [weak self] in self?.leave(subscriber, key, group) }
    }

    /// Ends all subscriptions, and takes no more.
    func stop() {
        let feeds = state.update { state in
            state.isStopping = true
            return Array(state.feeds.values)
        }
        for feed in feeds { feed.stop() }
    }

    /// Connections of one client with one subscription; each alone where the client has no name.
    private static func group(_ request: SubscriptionRequest, number: Int) -> String {
        guard let client = request.clientID else { return "#\(number)" }
        let name = request.subscriptionID.map { "id \($0)" } ?? "text \(request.query.text)"
        return "\(client.utf8.count) \(client) \(name)"
    }

    private static func key(_ request: SubscriptionRequest, group: String) -> FeedKey {
        let text = request.query.text
        // Who comes later must not get the rest of another's LIMIT.
        let words = text.uppercased()
        let isLimited = words.contains("LIMIT") || words.contains("FETCH") || words.contains("OFFSET")
        return FeedKey(text: text, language: request.query.language, group: isLimited ? group : nil)
    }

    private func leave(_ subscriber: Subscriber, _ key: FeedKey, _ group: String) {
        state.update { state in
            guard let feed = state.feeds[key] else { return }
            let (wasMember, isEmpty) = feed.leave(subscriber, group: group)
            guard wasMember else { return }
            state.forget(subscriber, group)
            if isEmpty { state.feeds[key] = nil }
        }
    }

    private func ended(_ feed: SubscriptionFeed, _ key: FeedKey, _ left: [(String, Subscriber)]) {
        state.update { state in
            if state.feeds[key] === feed { state.feeds[key] = nil }
            for (group, subscriber) in left { state.forget(subscriber, group) }
        }
    }

    /// Once a second while there is anybody.
    private static func tick(_ state: Monitor<State>) {
        let clock = SystemClock()
        while true {
            let isStopping = state.wait { state in state.isStopping || state.count > 0 ? state.isStopping : nil }
            if isStopping == true { return }
            if state.wait(timeoutNanoseconds: 1_000_000_000, { $0.isStopping ? true : nil }) != nil { return }
            let feeds = state.withLock { Array($0.feeds.values) }
            for feed in feeds { feed.tick(now: clock.monotonicNanoseconds()) }
        }
    }
}

extension SubscriptionHub.State {
    fileprivate mutating func forget(_ subscriber: Subscriber, _ group: String) {
        count -= 1
        let counts = subscriber.counts
        sentRows += counts.sentRows
        lostRows += counts.lostRows
        guard let members = groups[group]?.count else { return }
        if members > 1 { groups[group]?.count = members - 1 } else { groups[group] = nil }
    }
}
