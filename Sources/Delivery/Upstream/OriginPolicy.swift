/// How an origin of several endpoints is used.
public struct OriginPolicy: Sendable, Equatable {
    public var balance = BalanceSettings()
    public var outliers = OutlierSettings()
    /// Nil asks nobody.
    public var check: HealthCheckSettings?
    public var retry = RetrySettings()
    public var breakers = BreakerSettings()

    public init() {}
}
