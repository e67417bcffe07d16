/// Where a reader starts.
public enum LogPosition: Sendable, Equatable {
    /// The oldest event kept.
    case earliest
    /// After the youngest event.
    case latest
    /// This offset, or the oldest kept when it is gone.
    case offset(Int64)
}
