import Synchronization

/// The topics by name, for all threads.
final class TopicRegistry: Sendable {
    private let topics = Mutex<[String: Topic]>([:])

    func add(_ topic: Topic) {
        topics.withLock { $0[topic.name] = topic }
    }

    func find(_ name: String) -> Topic? { topics.withLock { $0[name] } }

    func topic(_ name: String) throws(LogError) -> Topic {
        guard let topic = find(name) else { throw LogError(.unknownTopic, "there is no topic \(name)", at: name) }
        return topic
    }

    var all: [Topic] { topics.withLock { $0.values.sorted { $0.name < $1.name } } }
}
