/// What subscriptions may take, each and together.
public struct SubscriptionLimits: Hashable, Sendable {
    /// Open at a time; further ones get 429.
    public var maximumCount = 1_000
    /// Rows a second that one gets where it doesn't say, and may ask for.
    public var eventsPerSecond = 10_000
    public var maximumEventsPerSecond = 1_000_000
    /// Bytes a second, in the same way.
    public var bytesPerSecond = 8 << 20
    public var maximumBytesPerSecond = 256 << 20

    public init() {}
}
