import CPlatform
import Glibc

/// A TCP connection, confined to its loop's thread.
///
/// Bytes are read into the loop's buffer, so an idle connection holds none. epoll tells each change once (edge-triggered):
/// told as long as it lasts, each socket that was read would be looked at again, and each pause would be a system call.
/// What is left unread on purpose is asked for again, see `TCPConnection+Reading`. Output is queued and leaves in one
/// system call when the current callback has returned; see `TCPConnection+Output`.
public final class TCPConnection: LoopSource {
    enum Phase {
        case connecting
        case open
        /// Output is flushed and shut down; what still arrives is thrown away until the peer ends or the time is up.
        case lingering
        case closed
    }

    /// The other side; behind a balancer that speaks the PROXY protocol, the client it names.
    public internal(set) var peer: SocketAddress {
        get { address }
        set {
            address = newValue
            hostText = []
        }
    }
    @exclusivity(unchecked) private var address: SocketAddress
    /// The address of `peer` as text, made once.
    public var peerHost: [UInt8] {
        if hostText.isEmpty { hostText = Array(address.host.utf8) }
        return hostText
    }
    @exclusivity(unchecked) private var hostText: [UInt8] = []
    @exclusivity(unchecked) public internal(set) var handler: (any TCPHandler)?
    /// Asks for `TCPHandler.drained` when the queue becomes empty.
    @exclusivity(unchecked) public var reportsDrained = false

    let fd: Int32
    /// This side connected.
    let isOutgoing: Bool
    @exclusivity(unchecked) var phase: Phase
    @exclusivity(unchecked) var isReadingPaused = false
    /// Bytes, or the end, may lie in the socket that epoll has told of already.
    @exclusivity(unchecked) var isReadPending = false
    @exclusivity(unchecked) var sawEnd = false
    /// What was read of the socket in this round; see TCPConnection+Reading.
    @exclusivity(unchecked) var ahead: Ahead?
    /// The last read was of more than a place of the round holds: a long body goes through the large buffer.
    @exclusivity(unchecked) var comesInBulk = false
    /// Was read ahead when the handler had paused by the time.
    @exclusivity(unchecked) var heldInput: [UInt8] = []

    // Output, see TCPConnection+Output.
    @exclusivity(unchecked) var output: [UInt8] = []
    @exclusivity(unchecked) var outputSent = 0
    @exclusivity(unchecked) var pieces: [OutputPiece] = []
    @exclusivity(unchecked) var firstPiece = 0
    /// Bytes queued and not yet taken by the kernel.
    public internal(set) var queuedBytes: Int {
        get { queuedCount }
        set { queuedCount = newValue }
    }
    @exclusivity(unchecked) private var queuedCount = 0
    /// Bytes the kernel has taken in all.
    public internal(set) var sentBytes: Int64 {
        get { sentCount }
        set { sentCount = newValue }
    }
    @exclusivity(unchecked) private var sentCount: Int64 = 0
    @exclusivity(unchecked) var isQueuedForFlush = false
    @exclusivity(unchecked) var isWriteBlocked = false
    @exclusivity(unchecked) var wasCongested = false
    @exclusivity(unchecked) var closesAfterFlush: AfterFlush = .stay

    /// TLS, where the connection speaks it; see TCPConnection+TLS.
    @exclusivity(unchecked) var tls: TLSSession?
    /// A PROXY header has to come first; see TCPConnection+Prelude.
    @exclusivity(unchecked) var awaitsProxyHeader = false
    var proxyHeader: [UInt8] = []
    /// What goes out before all else.
    var prelude: [UInt8] = []
    /// Is in the loop's list of connections with input that was held back.
    @exclusivity(unchecked) var isQueuedForReading = false

    enum AfterFlush { case stay, close, linger }

    /// Called with the connection when it is closed, after its handler; for the owner's counts.
    var closeHook: ((TCPConnection) -> Void)?

    init(loop: EventLoop, fd: Int32, peer: SocketAddress, phase: Phase) {
        self.fd = fd
        address = peer
        self.phase = phase
        isOutgoing = phase == .connecting
        super.init(loop: loop)
        loop.register(self)
        let code = squilla_epoll_add(loop.epoll, fd, squilla_epoll_edges(), token)
        // Only a full epoll table or no kernel memory can refuse; the connection is then closed at its deadline.
        if code < 0 { setDeadline(loop.now) }
    }

    deinit {
        if phase != .closed { Glibc.close(fd) }
    }

    public func setHandler(_ handler: any TCPHandler) { self.handler = handler }

    /// Starts a connect; the handler hears `connected` or `closed(.connectFailed)`. A time-out is the handler's own
    /// deadline on the returned connection.
    /// - Throws: `SystemError` when not even a socket can be made, or the address is refused at once.
    /// - Parameters:
    ///   - tls: speaks TLS; `connected` then comes after the handshake.
    ///   - protocols: offered to the server (ALPN) instead of those of `tls`; empty for these.
    ///   - prelude: sent first of all, before TLS, such as a header of the PROXY protocol.
    public static func connect(
        to address: SocketAddress, on loop: EventLoop, tls: TLSClient? = nil, protocols: [String] = [],
        prelude: [UInt8] = [], handler: any TCPHandler
    ) throws(SystemError) -> TCPConnection {
        let session = tls?.makeSession(protocols)
        // Nothing may go out in the clear instead.
        if tls != nil, session == nil { throw SystemError(code: ENOMEM, operation: "begin TLS with \(address)") }
        var raw = address.raw
        let fd = address.path.map { squilla_connect_unix($0) } ?? squilla_connect(&raw)
        guard fd >= 0 else { throw SystemError(code: -fd, operation: "connect to \(address)") }
        let connection = TCPConnection(loop: loop, fd: fd, peer: address, phase: .connecting)
        connection.handler = handler
        connection.tls = session
        connection.prelude = prelude
        return connection
    }

    public var isOpen: Bool { phase == .open }

    /// The address the peer reached (or we sent from).
    public var localAddress: SocketAddress? {
        var raw = squilla_address()
        return squilla_local_address(fd, &raw) == 0 ? SocketAddress(raw) : nil
    }

    override func readAhead(_ events: UInt32, place: Int) { readAhead(at: place, events) }

    override func ready(_ events: UInt32) {
        let ahead = ahead
        self.ahead = nil
        if phase == .connecting {
            finishConnect()
        } else if isWriteBlocked, events & squilla_epoll_out() != 0 {
            isWriteBlocked = false
            flush()
        }
        guard phase == .open || phase == .lingering else { return }
        if let ahead { return take(ahead) }
        if events & squilla_epoll_in() != 0, !sawEnd {
            if !isReadingPaused || phase == .lingering {
                return readAvailable(isEnding: events & squilla_epoll_ended() != 0)
            }
            isReadPending = true
        }
        if events & squilla_epoll_failed() != 0 {
            let code = squilla_socket_error(fd)
            close(.failed(code == 0 ? ECONNRESET : code))
        }
    }

    override func deadlinePassed() {
        if phase == .lingering { return close(.local) }
        handler?.deadlinePassed()
    }

    private func finishConnect() {
        let code = squilla_socket_error(fd)
        if code != 0 { return close(.connectFailed(code)) }
        phase = .open
        sendPrelude()
        if tls != nil { return startHandshake() }
        clearDeadline()
        handler?.connected()
        flush()
    }

    /// Closes at once; queued output is lost. Idempotent.
    public func close() { close(.local) }

    func close(_ reason: CloseReason) {
        guard phase != .closed else { return }
        phase = .closed
        loop.unregister(self)
        Glibc.close(fd)
        releaseOutput()
        tls = nil
        let handler = self.handler
        self.handler = nil
        handler?.closed(reason)
        let hook = closeHook
        closeHook = nil
        hook?(self)
    }

    /// Closes with a reset: the peer must not take what it got for a complete message.
    public func abort() {
        guard phase != .closed else { return }
        squilla_set_reset_on_close(fd)
        close(.local)
    }
}
