public import Columns

/// Where batches of request events go. `append` may be called from the event thread only; it must not block for long
/// and answers by its completion (any thread) whether the batch was taken.
public struct EventSink: Sendable {
    let append: @Sendable (Batch, @escaping @Sendable (Bool) -> Void) -> Void
    let lost: @Sendable (Int) -> Void

    /// - Parameter lost: called, on any thread, with how many events were dropped because too many waited already.
    public init(
        append: @escaping @Sendable (Batch, @escaping @Sendable (Bool) -> Void) -> Void,
        lost: @escaping @Sendable (Int) -> Void = { _ in }
    ) {
        self.append = append
        self.lost = lost
    }

    /// Throws the events away; for tests and tools.
    public static let none = EventSink { _, completion in completion(true) }
}
