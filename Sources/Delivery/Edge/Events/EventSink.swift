public import Columns

/// Where batches of request events go. `append` may be called from the event thread only; it must not block for long
/// and answers by its completion (any thread) whether the batch was taken.
public struct EventSink: Sendable {
    let append: @Sendable (Batch, @escaping @Sendable (Bool) -> Void) -> Void

    public init(append: @escaping @Sendable (Batch, @escaping @Sendable (Bool) -> Void) -> Void) {
        self.append = append
    }

    /// Throws the events away; for tests and tools.
    public static let none = EventSink { _, completion in completion(true) }
}
