import CPlatform
import Glibc

/// A TCP connection, confined to its loop's thread.
///
/// Reading is level-triggered into the loop's buffer, so an idle connection holds no buffer. Output is queued and
/// leaves in one system call when the current callback has returned; see `TCPConnection+Output`.
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
    @exclusivity(unchecked) var interest: UInt32
    @exclusivity(unchecked) var isReadingPaused = false
    @exclusivity(unchecked) var sawEnd = false

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
        interest = phase == .connecting ? squilla_epoll_out() : squilla_epoll_in()
        super.init(loop: loop)
        loop.register(self)
        let code = squilla_epoll_add(loop.epoll, fd, interest, token)
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
        var raw = address.raw
        let fd = address.path.map { squilla_connect_unix($0) } ?? squilla_connect(&raw)
        guard fd >= 0 else { throw SystemError(code: -fd, operation: "connect to \(address)") }
        let connection = TCPConnection(loop: loop, fd: fd, peer: address, phase: .connecting)
        connection.handler = handler
        connection.tls = tls?.makeSession(protocols)
        connection.prelude = prelude
        return connection
    }

    public var isOpen: Bool { phase == .open }

    /// The address the peer reached (or we sent from).
    public var localAddress: SocketAddress? {
        var raw = squilla_address()
        return squilla_local_address(fd, &raw) == 0 ? SocketAddress(raw) : nil
    }

    override func ready(_ events: UInt32) {
        if phase == .connecting { return finishConnect() }
        if events & squilla_epoll_out() != 0 {
            isWriteBlocked = false
            flush()
        }
        if phase == .closed { return }
        if events & squilla_epoll_in() != 0, !isReadingPaused || phase == .lingering { return readAvailable() }
        if events & squilla_epoll_failed() != 0 {
            let code = squilla_socket_error(fd)
            return close(.failed(code == 0 ? ECONNRESET : code))
        }
        // Paused, but bytes are waiting: only now is it worth a system call to stop hearing of them.
        if events & squilla_epoll_in() != 0 { setInterest(interest & ~squilla_epoll_in()) }
    }

    override func deadlinePassed() {
        if phase == .lingering { return close(.local) }
        handler?.deadlinePassed()
    }

    private func finishConnect() {
        let code = squilla_socket_error(fd)
        if code != 0 { return close(.connectFailed(code)) }
        phase = .open
        setInterest(squilla_epoll_in())
        sendPrelude()
        if tls != nil { return startHandshake() }
        clearDeadline()
        handler?.connected()
        flush()
    }

    func setInterest(_ events: UInt32) {
        guard events != interest, phase != .closed else { return }
        interest = events
        _ = squilla_epoll_modify(loop.epoll, fd, events, token)
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
