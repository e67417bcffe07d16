import Glibc
import HTTPWire
import Runtime
import Synchronization

/// One keep-alive connection of a load generator: blocking, for one thread at a time. It connects when it must, and
/// waits in slices, so that a stop is heard within a quarter of a second.
final class LoadConnection {
    private static let sliceMilliseconds: Int32 = 250
    private static let receiveBytes = 65_536

    private let target: LoadTarget
    /// Last three bytes of a source address in 127.0.0.0/8, or nil for the system's choice.
    private let source: (UInt8, UInt8, UInt8)?
    private let timeoutNanoseconds: Int64
    private let isStopped: @Sendable () -> Bool
    private let clock = SystemClock()
    private var descriptor: Int32 = -1
    private var parser = ResponseParser()
    private var head = ResponseHead()
    private var buffer = [UInt8](repeating: 0, count: receiveBytes)

    init(
        target: LoadTarget, source: (UInt8, UInt8, UInt8)? = nil, timeoutMilliseconds: Int = 10_000,
        isStopped: @escaping @Sendable () -> Bool = { false }
    ) {
        self.target = target
        self.source = target.isIPv4Loopback ? source : nil
        self.timeoutNanoseconds = Int64(timeoutMilliseconds) * 1_000_000
        self.isStopped = isStopped
    }

    deinit { disconnect() }

    /// Sends a request and reads its answer to the end.
    /// - Parameter request: head and body as they go on the wire.
    /// - Throws: `LoadFailure`; the connection is closed and the next call opens a new one.
    func exchange(_ request: [UInt8], method: Method) throws(LoadFailure) -> LoadAnswer {
        let isReused = descriptor >= 0
        do {
            return try attempt(request, method: method)
        } catch {
            disconnect()
            // The server may close an idle connection while a request is on its way (RFC 9112 section 9.3.1).
            guard isReused, method.isIdempotent, head.status == 0, !isStopped() else { throw error }
        }
        do {
            return try attempt(request, method: method)
        } catch {
            disconnect()
            throw error
        }
    }

    func disconnect() {
        if descriptor >= 0 { close(descriptor) }
        descriptor = -1
    }

    private func attempt(_ request: [UInt8], method: Method) throws(LoadFailure) -> LoadAnswer {
        parser.restart(&head)
        if descriptor < 0 { try connect() }
        let start = clock.monotonicNanoseconds()
        let deadline = start + timeoutNanoseconds
        try send(request, deadline: deadline)
        var answer = LoadAnswer()
        let rest = try readHead(method: method, deadline: deadline)
        answer.bodyBytes = try readBody(from: rest, deadline: deadline)
        answer.durationNanoseconds = clock.monotonicNanoseconds() - start
        answer.status = head.status
        answer.etag = head.block.string(named: "etag")
        answer.cookie = head.block.string(named: "set-cookie").map { String($0.prefix { $0 != ";" }) }
        if !head.keepsAlive || head.framing == .untilClose { disconnect() }
        return answer
    }

    /// Reads heads until the final one; returns what of the buffer belongs to the body.
    private func readHead(method: Method, deadline: Int64) throws(LoadFailure) -> Range<Int> {
        var unread = 0..<0
        while true {
            if unread.isEmpty { unread = 0..<(try receive(deadline: deadline)) }
            if unread.isEmpty { throw LoadFailure("the connection was closed before an answer") }
            let step: ParseStep
            do {
                let bytes = buffer
                step = try parser.parse(bytes.span.extracting(unread), requestMethod: method, into: &head)
            } catch {
                throw LoadFailure("the answer is not HTTP/1.1: \(error)")
            }
            unread = unread.lowerBound + step.consumed..<unread.upperBound
            if step.isComplete, !head.isInterim { return unread }
        }
    }

    private func readBody(from first: Range<Int>, deadline: Int64) throws(LoadFailure) -> Int {
        var decoder = BodyDecoder(head.framing, limits: .origin, isLenient: false)
        var unread = first
        do {
            while !decoder.isComplete {
                if unread.isEmpty {
                    unread = 0..<(try receive(deadline: deadline))
                    if unread.isEmpty {
                        try decoder.inputEnded()
                        break
                    }
                }
                let bytes = buffer
                let step = try decoder.decode(bytes.span.extracting(unread))
                unread = unread.lowerBound + step.consumed..<unread.upperBound
            }
        } catch let failure as LoadFailure {
            throw failure
        } catch {
            throw LoadFailure("the answer's body is broken: \(error)")
        }
        if !unread.isEmpty { disconnect() }
        return Int(decoder.received)
    }
}

/// The system calls.
extension LoadConnection {
    private func connect() throws(LoadFailure) {
        let type = Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue) | Int32(SOCK_NONBLOCK.rawValue)
        let fresh = socket(target.family, type, 0)
        guard fresh >= 0 else { throw systemFailure("no socket", isConnect: true) }
        descriptor = fresh
        var on: Int32 = 1
        setsockopt(fresh, Int32(IPPROTO_TCP), TCP_NODELAY, &on, socklen_t(MemoryLayout<Int32>.size))
        bindSource()
        let result = target.address.withUnsafeBytes { bytes in
            Glibc.connect(fresh, bytes.baseAddress?.assumingMemoryBound(to: sockaddr.self), socklen_t(bytes.count))
        }
        if result == 0 { return }
        guard errno == EINPROGRESS else {
            throw systemFailure("cannot connect to \(target.authority)", isConnect: true)
        }
        try wait(for: POLLOUT, deadline: clock.monotonicNanoseconds() + timeoutNanoseconds)
        var problem: Int32 = 0
        var length = socklen_t(MemoryLayout<Int32>.size)
        getsockopt(fresh, SOL_SOCKET, SO_ERROR, &problem, &length)
        errno = problem
        if problem != 0 { throw systemFailure("cannot connect to \(target.authority)", isConnect: true) }
    }

    /// On Linux every address of 127.0.0.0/8 is the machine's own: visitors come from different ones. Elsewhere the
    /// call fails and they all come from one.
    private func bindSource() {
        guard let source else { return }
        var late: Int32 = 1
        setsockopt(descriptor, Int32(IPPROTO_IP), IP_BIND_ADDRESS_NO_PORT, &late, socklen_t(MemoryLayout<Int32>.size))
        var address = target.address
        address.replaceSubrange(2..<8, with: [0, 0, 127, source.0, source.1, source.2])
        _ = address.withUnsafeBytes { bytes in
            Glibc.bind(descriptor, bytes.baseAddress?.assumingMemoryBound(to: sockaddr.self), socklen_t(bytes.count))
        }
    }

    private func send(_ bytes: [UInt8], deadline: Int64) throws(LoadFailure) {
        var sent = 0
        while sent < bytes.count {
            let count = bytes.withUnsafeBytes { buffer in
                Glibc.send(descriptor, buffer.baseAddress.map { $0 + sent }, buffer.count - sent, Int32(MSG_NOSIGNAL))
            }
            if count > 0 { sent += count } else { try recover("sending broke", for: POLLOUT, deadline: deadline) }
        }
    }

    /// Fills the buffer; returns how many bytes came, 0 at the peer's end.
    private func receive(deadline: Int64) throws(LoadFailure) -> Int {
        while true {
            let count = buffer.withUnsafeMutableBytes { recv(descriptor, $0.baseAddress, $0.count, 0) }
            if count >= 0 { return count }
            try recover("receiving broke", for: POLLIN, deadline: deadline)
        }
    }

    private func recover(_ what: String, for event: Int32, deadline: Int64) throws(LoadFailure) {
        if errno == EINTR { return }
        guard errno == EAGAIN else { throw systemFailure(what) }
        try wait(for: event, deadline: deadline)
    }

    private func wait(for event: Int32, deadline: Int64) throws(LoadFailure) {
        while true {
            var entry = pollfd(fd: descriptor, events: Int16(event), revents: 0)
            let ready = poll(&entry, 1, Self.sliceMilliseconds)
            if ready > 0 { return }
            if isStopped() { throw LoadFailure("stopped") }
            if clock.monotonicNanoseconds() > deadline { throw LoadFailure("no answer within the time-out") }
        }
    }

    private func systemFailure(_ what: String, isConnect: Bool = false) -> LoadFailure {
        LoadFailure("\(what): \(String(cString: strerror(errno)))", isConnect: isConnect)
    }
}
