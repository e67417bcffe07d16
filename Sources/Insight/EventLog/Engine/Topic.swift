import Columns
import Synchronization

/// A topic as readers and the log's thread share it.
final class Topic: Sendable {
    private struct State {
        var description: TopicDescription
        var partitions: [PartitionView]
        var subscribers: [Int: @Sendable (LogBatch) -> Void] = [:]
        var nextSubscriber = 0
    }

    let name: String
    private let state: Mutex<State>

    init(name: String, description: TopicDescription, partitions: [PartitionView]) {
        self.name = name
        self.state = Mutex(State(description: description, partitions: partitions))
    }

    var description: TopicDescription { state.withLock { $0.description } }
    var partitions: [PartitionView] { state.withLock { $0.partitions } }

    func partition(_ number: Int) throws(LogError) -> PartitionView {
        let views = partitions
        guard views.indices.contains(number) else {
            throw LogError(
                .unknownPartition, "topic \(name) has partitions 0 to \(views.count - 1), not \(number)", at: name)
        }
        return views[number]
    }

    func change(_ description: TopicDescription, partitions: [PartitionView]) {
        state.withLock {
            $0.description = description
            $0.partitions = partitions
        }
    }

    var info: TopicInfo {
        let (description, views) = state.withLock { ($0.description, $0.partitions) }
        return TopicInfo(
            name: name, schema: description.schema, settings: description.settings, partitions: views.map(\.info))
    }

    // MARK: Subscribers

    func subscribe(_ body: @escaping @Sendable (LogBatch) -> Void) -> Int {
        state.withLock { state in
            state.nextSubscriber += 1
            state.subscribers[state.nextSubscriber] = body
            return state.nextSubscriber
        }
    }

    func unsubscribe(_ number: Int) {
        state.withLock { $0.subscribers[number] = nil }
    }

    var subscribers: [@Sendable (LogBatch) -> Void] { state.withLock { Array($0.subscribers.values) } }
}
