import CPlatform
import Glibc

extension TCPConnection {
    /// Reads what is there, at most a few buffers so that one busy peer does not starve the others.
    /// - Parameter isEnding: the peer's end is there, or behind what is.
    func readAvailable(isEnding: Bool) {
        isReadPending = false
        let buffer = loop.readBuffer
        for _ in 0..<4 {
            let count = squilla_read(fd, buffer.baseAddress, buffer.count)
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
        guard phase == .open, !sawEnd else { return true }
        var byte: UInt8 = 0
        let count = recv(fd, &byte, 1, Int32(MSG_PEEK | MSG_DONTWAIT))
        return count >= 0 || errno != EAGAIN && errno != EINTR
    }

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
        if tls != nil { queueForReading() }
        if isReadPending, !sawEnd, phase == .open { askAgain() }
    }
}
