import Bytes
import HTTPWire
import Reactor

/// What carries one request after the other and their responses: an HTTP/1 connection, or one stream of an HTTP/2
/// connection. All that an exchange knows of the wire. Confined to its loop.
///
/// A class to inherit from, not a protocol: its fields are read several times for each request, and a stored property
/// behind a base class costs a load.
class ClientStream {
    enum Input {
        /// Between requests or inside a head.
        case head
        /// Inside the body of the current request.
        case body
        /// The request is complete; its response is under way.
        case waiting
        /// The response is complete before the request's body, the rest of which is thrown away.
        case skipping
        /// Nothing more is wanted; what comes is thrown away.
        case ended
    }

    /// The connection underneath, which other streams may share.
    let tcp: TCPConnection
    let worker: Worker
    let service: (any HTTPService)?
    let isService: Bool
    @exclusivity(unchecked) var input = Input.head
    @exclusivity(unchecked) var exchange: Exchange?
    /// The client ended its side; the response under way is still sent.
    @exclusivity(unchecked) var sawEnd = false
    @exclusivity(unchecked) var isBodyPaused = false
    /// Told to finish: the current response is the connection's last.
    @exclusivity(unchecked) var isLast = false
    /// How the client is told to origins, and in which style; made once.
    @exclusivity(unchecked) private var forwarded: (lines: [UInt8], style: EdgeSettings.ForwardedHeaders) = ([], .none)

    init(tcp: TCPConnection, worker: Worker, service: (any HTTPService)?) {
        self.tcp = tcp
        self.worker = worker
        self.service = service
        isService = service != nil
    }

    /// The wire itself says where a body ends, so that a response of unknown length needs no framing of its own.
    var delimitsBodies: Bool { false }
    /// A response can still be sent.
    var isOpen: Bool { tcp.isOpen }
    /// The client reached us over TLS.
    var isSecure: Bool { false }

    /// A response may end before the request's body does and leave the connection open.
    var canSkipBody: Bool { true }

    /// Writes the lines that tell origins of the client, the same for each of its requests.
    /// - Parameter write: asked where they are not known in this style.
    func writeForwarded(
        _ style: EdgeSettings.ForwardedHeaders, to writer: inout HeadWriter, _ write: (inout HeadWriter) -> Void
    ) {
        if forwarded.style != style {
            var lines = HeadWriter(capacity: 128)
            write(&lines)
            forwarded = (lines.bytes, style)
        }
        writer.bytes.append(contentsOf: forwarded.lines)
    }

    // MARK: Output

    /// Bytes of responses queued and not yet taken by the kernel.
    var queuedBytes: Int { tcp.queuedBytes }
    /// More is queued than the high-water mark: wait for `Exchange.clientCanTakeMore`.
    var isCongested: Bool { tcp.isCongested }

    /// Asks for `Exchange.clientCanTakeMore` once little is queued.
    func reportWhenLow() { tcp.reportWhenLow() }

    /// Asks for `Exchange.clientDrained` once nothing is queued.
    func reportDrained(_ isWanted: Bool) { tcp.reportsDrained = isWanted }

    /// Writes a head: status line, fields, empty line, as HTTP/1.1 has them; returns its length.
    func writeHead(_ build: (inout HeadWriter) -> Void) -> Int { 0 }

    /// Writes what the response says about the connection, before the head's empty line.
    func writeConnectionField(_ writer: inout HeadWriter, minorVersion: UInt8) {}

    /// Writes a piece of a body; returns the bytes it takes on the wire.
    func writeBody(_ bytes: Span<UInt8>, isChunked: Bool) -> Int { 0 }

    /// Writes a range of a segment that never changes, without copying it.
    func writeBody(shared segment: [UInt8], _ range: Range<Int>, isChunked: Bool) -> Int { 0 }

    /// Writes the end of a body of unknown length; returns the bytes it takes on the wire.
    func writeEnd(trailers: HeaderBlock) -> Int { 0 }

    /// The response is complete in the output queue.
    func exchangeFinished(_ exchange: Exchange) {}

    /// The response cannot be completed: the client must not take what it has for the whole.
    func exchangeTorn(_ exchange: Exchange, needsReset: Bool) {}

    /// What the client sends from now on is passed on as it is.
    func beginTunnel() {}

    // MARK: Request body and time

    func resumeBody() {}

    func pauseBody() { isBodyPaused = true }

    /// Reports to the exchange when the time is over, instead of any earlier deadline of this stream.
    func setDeadline(afterMilliseconds milliseconds: Int) { tcp.setDeadline(afterMilliseconds: milliseconds) }

    /// Watches from now on that the client takes what is sent.
    func watchWriting() {}
}
