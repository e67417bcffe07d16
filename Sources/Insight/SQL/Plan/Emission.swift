/// `EMIT …`: when a query that goes on tells of its results.
public struct Emission: Hashable, Sendable {
    public enum Timing: Hashable, Sendable {
        /// Windows when they close, everything else as it changes.
        case standard
        /// `CHANGES`: each change at once, of windows too.
        case changes
        /// `FINAL`: nothing that may still change.
        case final
        /// `EARLY EVERY`: open windows each time event time has come so far, microseconds.
        case early(every: Int64)
    }

    public var timing = Timing.standard
    /// `ALLOW LATENESS`: how long after its end a window takes in late rows, microseconds of event time.
    public var lateness: Int64 = 0
    /// `LATE DATA INTO`: where rows go that came too late.
    public var lateTarget: ObjectName?
    /// Of the clause; `nil` where there is none.
    public var position: SourcePosition?

    public init() {}

    /// Windows answer before they close, or again after.
    public var updatesWindows: Bool {
        switch timing {
        case .changes, .early: true
        case .standard, .final: lateness > 0
        }
    }
}
