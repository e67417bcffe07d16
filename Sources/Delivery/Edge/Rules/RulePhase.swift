/// When a rule is asked, in the words of Varnish and Fastly.
public enum RulePhase: String, Sendable, CaseIterable {
    /// The request has come; nothing was looked up yet.
    case receive
    /// The cache can't answer; the request goes to an origin next.
    case miss
    /// The origin's answer has come; it is not stored yet.
    case fetch
    /// The answer goes to the client next.
    case deliver
    /// The edge answers with an error of its own.
    case error

    /// What is known of the answer then.
    var knowsResponse: Bool { self != .receive && self != .miss }

    var index: Int {
        switch self {
        case .receive: 0
        case .miss: 1
        case .fetch: 2
        case .deliver: 3
        case .error: 4
        }
    }
}
