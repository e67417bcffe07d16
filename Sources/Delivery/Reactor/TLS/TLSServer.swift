import Synchronization

/// What a listener needs to speak TLS, shared by all loops. Certificates can be exchanged while it runs: handshakes
/// from then on see the new ones, connections that are open keep theirs, and sessions stay resumable.
public final class TLSServer: Sendable {
    private let current: Mutex<TLSServerContext>
    private let keys = TLSTicketKeys()

    /// - Throws: `TLSError` naming the file or setting at fault.
    public init(_ settings: TLSServerSettings) throws(TLSError) {
        current = Mutex(try TLSServerContext(settings, keys: keys))
    }

    /// Reads the files again, under these settings. What is wrong with them leaves everything as it was.
    public func reload(_ settings: TLSServerSettings) throws(TLSError) {
        let fresh = try TLSServerContext(settings, keys: keys)
        current.withLock { $0 = fresh }
    }

    /// The host names of all certificates.
    public var names: [String] { context.names }

    var context: TLSServerContext { current.withLock { $0 } }
}
