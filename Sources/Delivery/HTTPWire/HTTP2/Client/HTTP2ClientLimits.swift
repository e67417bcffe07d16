/// Bounds of one HTTP/2 connection to a server. `maximumStreams` × `streamWindowBytes` bounds what it holds for readers
/// that are slow.
public struct HTTP2ClientLimits: Sendable, Equatable {
    /// Requests at a time, where the server allows as many. 1 to 10,000.
    public var maximumStreams = 100
    /// Bytes of a response's body that may be under way or held. 65,535 to 2^31 - 1.
    public var streamWindowBytes = 256 << 10
    /// SETTINGS, PING, PRIORITY, CONTINUATION and empty DATA frames at once, and each second; a server that sends more
    /// loses the connection (CVE-2019-9512, CVE-2024-28182 and their like).
    public var controlBurst = 500
    public var controlsPerSecond = 100

    public init() {}
}
