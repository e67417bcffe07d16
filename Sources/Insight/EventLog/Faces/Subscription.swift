/// A subscription to a topic; ends when cancelled or let go.
public final class Subscription: Sendable {
    private let topic: Topic
    private let number: Int

    init(topic: Topic, number: Int) {
        self.topic = topic
        self.number = number
    }

    deinit { cancel() }

    /// No call begins after this returns, except one that has already begun.
    public func cancel() {
        topic.unsubscribe(number)
    }
}
