/// Asking endpoints whether they are well.
public struct HealthCheckSettings: Sendable, Equatable {
    public enum Kind: Sendable, Equatable {
        /// A connect is enough.
        case tcp
        /// A GET of ``path`` must give a status in ``statuses``.
        case http
    }

    public var kind = Kind.http
    public var path = "/"
    /// Sent as `Host`; nil is the endpoint's own address.
    public var host: String?
    public var intervalMilliseconds = 5_000
    public var timeoutMilliseconds = 2_000
    /// Good checks in a row that bring an endpoint back.
    public var rise = 2
    /// Bad checks in a row that take it out.
    public var fall = 3
    public var statuses = 200...399

    public init() {}
}

/// What checks say of one endpoint. It is taken for well until they say otherwise. A value without I/O.
struct HealthCheckState {
    private(set) var isWell = true
    private(set) var checks = 0
    private(set) var failures = 0
    /// What the last failed check met.
    private(set) var latestFailure: String?
    private var inARow = 0

    /// Notes a check's outcome. True if the endpoint came or went.
    mutating func record(failure: String?, settings: HealthCheckSettings) -> Bool {
        checks += 1
        if let failure {
            failures += 1
            latestFailure = failure
        }
        guard (failure == nil) != isWell else {
            inARow = 0
            return false
        }
        inARow += 1
        guard inARow >= (isWell ? settings.fall : settings.rise) else { return false }
        isWell.toggle()
        inARow = 0
        return true
    }
}
