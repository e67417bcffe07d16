/// Limits of one event loop.
public struct EventLoopOptions: Sendable {
    /// Bytes read by one system call; one such buffer exists per loop.
    public var readBufferBytes = 64 * 1024
    /// Descriptors handled per turn.
    public var eventsPerTurn = 256
    /// A connection's handler is told to wait when it has more than this queued for sending.
    public var outputHighWaterBytes = 256 * 1024
    /// …and to go on when it has less than this.
    public var outputLowWaterBytes = 64 * 1024
    /// Output buffers kept for reuse.
    public var pooledBuffers = 64
    /// An output buffer that grew beyond this is freed, not pooled.
    public var pooledBufferBytes = 64 * 1024

    public init() {}
}
