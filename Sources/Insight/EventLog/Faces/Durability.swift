/// What an append's completion promises.
public enum Durability: String, Sendable, CaseIterable {
    /// The events are readable. The system writes them when it likes.
    case none
    /// As `none`; a sync follows within the log's interval.
    case interval
    /// The events are on the device: a crash of the process or the machine loses none.
    case commit
}
