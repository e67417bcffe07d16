import CPlatform
import Glibc

/// A round reads its sockets first and handles what came afterwards; a socket's long input is read when its turn comes.
extension TCPConnection {
    /// What a read to a place of the round said.
    struct Ahead {
        let place: UInt8
        /// Bytes, 0 for the peer's end, or an error's code below 0.
        let result: Int32
    }

    func readAhead(at place: Int, _ events: UInt32) {
        let others = squilla_epoll_ended() | squilla_epoll_failed()
        guard events & squilla_epoll_in() != 0, events & others == 0, phase == .open, !isReadingPaused, !sawEnd,
            !comesInBulk
        else { return }
        let buffer = loop.inputs[place]
        let result = squilla_read(fd, buffer.baseAddress, buffer.count)
        ahead = Ahead(place: UInt8(truncatingIfNeeded: place), result: Int32(truncatingIfNeeded: result))
    }

    /// Handles what was read ahead.
    func take(_ ahead: Ahead) {
        isReadPending = false
        guard ahead.result > 0 else {
            switch ahead.result {
            case 0: return reachedEnd()
            case -EAGAIN: return
            case -EINTR: return askAgain()
            default: return close(.failed(-ahead.result))
            }
        }
        let buffer = loop.inputs[Int(ahead.place)]
        let count = Int(ahead.result)
        comesInBulk = count == buffer.count
        if isReadingPaused, phase == .open, tls == nil {
            heldInput.append(contentsOf: buffer[..<count])
            isReadPending = comesInBulk
        } else if !deliver(buffer, count: count) {
            isReadPending = comesInBulk
        } else if comesInBulk {
            readAvailable(isEnding: false)
        }
    }

    /// Reads what is there, at most a few buffers so that one busy peer does not starve the others.
    /// - Parameter isEnding: the peer's end is there, or behind what is.
    func readAvailable(isEnding: Bool) {
        isReadPending = false
        let buffer = loop.readBuffer
        for _ in 0..<4 {
            let count = squilla_read(fd, buffer.baseAddress, buffer.count)
            comesInBulk = count > RoundInputs.placeBytes
            if count > 0 {
                // A short read emptied the socket; asking again would be a system call for nothing.
                let isEmpty = count < buffer.count && !isEnding
                guard deliver(buffer, count: count) else {
                    isReadPending = !isEmpty
                    return
                }
                if isEmpty { return }
            } else if count == 0 {
                return reachedEnd()
            } else {
                let code = Int32(-count)
                if code == EINTR { continue }
                if code == EAGAIN { return }
                return close(.failed(code))
            }
        }
        askAgain()
    }

    /// Has epoll tell once more of what is in the socket.
    func askAgain() {
        isReadPending = false
        guard phase != .closed else { return }
        _ = squilla_epoll_modify(loop.epoll, fd, squilla_epoll_edges(), token)
    }

    /// Something has arrived that was not read yet: bytes, the peer's end, or that the connection broke.
    public var hasUnread: Bool {
        guard !hasReadAhead else { return true }
        var byte: UInt8 = 0
        let count = recv(fd, &byte, 1, Int32(MSG_PEEK | MSG_DONTWAIT))
        return count >= 0 || errno != EAGAIN && errno != EINTR
    }

    /// As far as is known without a system call.
    public var hasReadAhead: Bool { phase != .open || sawEnd || ahead != nil || !heldInput.isEmpty }

    /// Returns whether to go on reading.
    private func deliver(_ buffer: UnsafeMutableRawBufferPointer, count: Int) -> Bool {
        guard phase == .open else { return phase == .lingering }
        let bytes = UnsafeRawBufferPointer(rebasing: buffer[0..<count])
        if awaitsProxyHeader { takeProxyHeader(bytes) } else { pass(bytes) }
        return phase == .lingering || phase == .open && !isReadingPaused
    }

    /// To TLS, or to the handler.
    func pass(_ bytes: UnsafeRawBufferPointer) {
        if let tls {
            open(bytes, tls)
        } else {
            handler?.received(bytes.bindMemory(to: UInt8.self).span)
        }
    }

    func reachedEnd() {
        if phase == .lingering { return close(.local) }
        guard !sawEnd else { return }
        if let tls, !endsProperly(tls) { return }
        sawEnd = true
        handler?.receivedEnd()
    }

    /// Stops reading, which fills the peer's window: back-pressure. Costs nothing unless bytes arrive meanwhile.
    public func pauseReading() { isReadingPaused = true }

    public func resumeReading() {
        guard isReadingPaused else { return }
        isReadingPaused = false
        queueForReading()
        if isReadPending, !sawEnd, phase == .open { askAgain() }
    }

    private func queueForReading() {
        guard !isQueuedForReading, phase == .open, tls?.hasBacklog ?? !heldInput.isEmpty else { return }
        isQueuedForReading = true
        loop.unread.append(self)
    }

    /// Goes on with input that came while the handler had paused.
    func readHeldBack() {
        isQueuedForReading = false
        guard phase == .open else { return }
        if let tls { return openAll(tls) }
        guard !isReadingPaused else { return }
        var held: [UInt8] = []
        swap(&held, &heldInput)
        held.withUnsafeBytes { pass($0) }
    }
}
