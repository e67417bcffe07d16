/// Bounds of one HTTP/2 connection. With `maximumStreams` × `streamWindowBytes` they bound its memory.
public struct HTTP2Limits: Sendable, Equatable {
    /// Requests at a time.
    public var maximumStreams = 128
    /// Bytes of a request's body that may be under way or held.
    public var streamWindowBytes = 256 << 10
    /// The same for all bodies of the connection together.
    public var connectionWindowBytes = 1 << 20
    /// Streams that a client may cancel at once, and each second: beyond it is an attack (CVE-2023-44487).
    public var resetBurst = 200
    public var resetsPerSecond = 50
    /// SETTINGS, PING, PRIORITY_UPDATE and empty DATA frames at once, and each second (CVE-2019-9512 and its like).
    public var controlBurst = 300
    public var controlsPerSecond = 50

    /// CONTINUATION frames of one header block, beside those that a large one needs (CVE-2024-27316).
    public var continuationFrames = 16
    /// Settings in one frame (CVE-2020-11080).
    public var settingsPerFrame = 32

    public init() {}

    /// As far as frames can say it.
    var withinProtocol: HTTP2Limits {
        var limits = self
        limits.maximumStreams = min(max(1, maximumStreams), 32_000)
        limits.streamWindowBytes = min(max(1, streamWindowBytes), 0x7fff_ffff)
        limits.connectionWindowBytes = min(max(1, connectionWindowBytes), 0x7fff_ffff)
        return limits
    }
}
