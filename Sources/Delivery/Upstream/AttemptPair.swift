/// The attempts of a call that are under way: one, or two while it is hedged.
struct AttemptPair {
    private(set) var first: OriginAttempt?
    private var second: OriginAttempt?

    var count: Int { (first == nil ? 0 : 1) + (second == nil ? 0 : 1) }

    /// The newest.
    var last: OriginAttempt? { second ?? first }

    func other(than attempt: OriginAttempt) -> OriginAttempt? { first === attempt ? second : first }

    /// - Precondition: there is at most one.
    mutating func append(_ attempt: OriginAttempt) {
        precondition(second == nil, "a call has at most two attempts under way")
        if first == nil { first = attempt } else { second = attempt }
    }

    mutating func remove(_ attempt: OriginAttempt) {
        if first === attempt {
            first = second
            second = nil
        } else if second === attempt {
            second = nil
        }
    }
}
