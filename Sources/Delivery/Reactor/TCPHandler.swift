/// What a connection reports, always on its loop's thread. The connection holds its handler until it is closed.
public protocol TCPHandler: AnyObject {
    /// A connect succeeded (outgoing connections only).
    func connected()
    /// The TLS handshake of an accepted connection is done; `TCPConnection.tlsFacts` say how.
    func secured()
    /// Bytes arrived; valid only during the call, all of them are the handler's to consume or keep.
    func received(_ bytes: Span<UInt8>)
    /// The peer sends no more (FIN). The connection stays open for sending.
    func receivedEnd()
    /// Queued output fell below the low-water mark after `TCPConnection.isCongested` was true.
    func canSendMore()
    /// Everything queued has been given to the kernel. Called only where `TCPConnection.reportsDrained` is set.
    func drained()
    /// The deadline set on the connection passed.
    func deadlinePassed()
    /// The connection is gone; nothing follows.
    func closed(_ reason: CloseReason)
}

extension TCPHandler {
    public func secured() {}
}

/// Why a connection ended.
public enum CloseReason: Sendable, Equatable {
    /// This side closed it.
    case local
    /// The peer reset it or a read or write failed; the errno value.
    case failed(Int32)
    /// An outgoing connect was refused or could not be made; the errno value.
    case connectFailed(Int32)
    /// TLS could not be agreed on or broke: in words, for people.
    case tlsFailed(String)
}
