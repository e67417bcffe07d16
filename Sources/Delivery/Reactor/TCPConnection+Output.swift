import CPlatform
import Glibc

/// The output queue. Bytes are appended to one buffer taken from the loop's pool; a large shared segment is queued by
/// reference. As long as no segment is queued, `pieces` is empty and the buffer leaves by a plain send.
extension TCPConnection {
    /// Shared segments up to this size are copied: cheaper than a second part of a vectored write.
    static let copyBytes = 4 * 1024
    static let maximumParts = 64

    /// More is queued than the high-water mark: wait for `canSendMore`.
    public var isCongested: Bool {
        if queuedBytes > loop.options.outputHighWaterBytes { wasCongested = true }
        return wasCongested
    }

    /// Asks for `canSendMore` once little is queued, also where the high-water mark was never passed: for a writer that
    /// counts on its own.
    public func reportWhenLow() { wasCongested = true }

    /// Queues a copy.
    public func send(_ bytes: Span<UInt8>) {
        guard !bytes.isEmpty, canQueue() else { return }
        let start = output.count
        bytes.withUnsafeBufferPointer { output.append(contentsOf: $0) }
        queued(from: start)
    }

    /// Lets `write` append to the output buffer itself; what it finds there must not be touched.
    public func send(_ write: (inout [UInt8]) -> Void) {
        guard canQueue() else { return }
        let start = output.count
        // Taken out, so that a writer that sends on this connection again harms nothing but the order.
        var buffer: [UInt8] = []
        swap(&buffer, &output)
        write(&buffer)
        swap(&buffer, &output)
        queued(from: start)
    }

    /// An empty buffer of the loop's pool, to gather output in for `send(taking:)`.
    public func takeBuffer() -> [UInt8] { loop.takeBuffer() }

    /// Queues a buffer's bytes and takes the buffer away, without a copy where nothing is queued.
    public func send(taking buffer: inout [UInt8]) {
        var taken: [UInt8] = []
        swap(&taken, &buffer)
        guard phase == .open, closesAfterFlush == .stay, !taken.isEmpty else { return loop.recycle(taken) }
        let start = output.count
        if start == 0 { swap(&taken, &output) } else { output.append(contentsOf: taken) }
        if taken.capacity > 0 { loop.recycle(taken) }
        queued(from: start)
    }

    /// Queues a range of a segment that is never changed again, without copying large ones.
    public func send(shared segment: [UInt8], _ range: Range<Int>) {
        guard !range.isEmpty, canQueue() else { return }
        if range.count <= TCPConnection.copyBytes {
            let start = output.count
            segment.span.extracting(range).withUnsafeBufferPointer { output.append(contentsOf: $0) }
            return queued(from: start)
        }
        if pieces.isEmpty, output.count > outputSent {
            pieces.append(OutputPiece(shared: nil, start: outputSent, end: output.count))
        }
        pieces.append(OutputPiece(shared: segment, start: range.lowerBound, end: range.upperBound))
        queuedBytes += range.count
        markUnflushed()
    }

    /// Closes when the queue is empty. With `linger`, the sending side is shut down and unread input is thrown away
    /// for up to two seconds, so that a response to a refused request is not destroyed by a reset (RFC 9112, 9.6).
    public func closeAfterFlush(linger: Bool) {
        guard phase == .open else { return }
        closesAfterFlush = linger ? .linger : .close
        if queuedBytes == 0 { finishFlush() } else { markUnflushed() }
    }

    private func canQueue() -> Bool {
        guard phase == .open, closesAfterFlush == .stay else { return false }
        if output.capacity == 0 { output = loop.takeBuffer() }
        return true
    }

    private func queued(from start: Int) {
        let count = output.count - start
        guard count > 0 else { return }
        if !pieces.isEmpty {
            let last = pieces.count - 1
            if pieces[last].shared == nil, pieces[last].end == start {
                pieces[last].end = output.count
            } else {
                pieces.append(OutputPiece(shared: nil, start: start, end: output.count))
            }
        }
        queuedBytes += count
        markUnflushed()
    }

    func markUnflushed() {
        if isQueuedForFlush || isWriteBlocked { return }
        isQueuedForFlush = true
        loop.unflushed.append(self)
    }

    /// Offers the queue to the kernel until it is empty or the socket is full.
    func flush() {
        isQueuedForFlush = false
        guard phase == .open, !isWriteBlocked else { return }
        if let tls { return flush(tls) }
        while queuedBytes > 0 {
            let sent = pieces.isEmpty ? sendBuffer() : sendPieces()
            if sent >= 0 {
                queuedBytes -= sent
                sentBytes += Int64(sent)
                continue
            }
            let code = Int32(-sent)
            if code == EINTR { continue }
            guard code == EAGAIN else { return close(.failed(code)) }
            return awaitWriting()
        }
        finishFlush()
    }

    /// The kernel takes no more for now.
    func awaitWriting() {
        isWriteBlocked = true
        compactOutput()
        reportProgress()
    }

    private func sendBuffer() -> Int {
        let sent = output.withUnsafeBytes {
            squilla_send(fd, $0.baseAddress?.advanced(by: outputSent), $0.count - outputSent)
        }
        if sent > 0 { outputSent += sent }
        return sent
    }

    private func sendPieces() -> Int {
        let count = min(pieces.count - firstPiece, TCPConnection.maximumParts)
        let sent = withUnsafeTemporaryAllocation(of: iovec.self, capacity: TCPConnection.maximumParts) { parts in
            for index in 0..<count {
                let piece = pieces[firstPiece + index]
                // The arrays are kept alive and unchanged by `pieces` and `output` until the call returns.
                let base = (piece.shared ?? output).withUnsafeBytes { $0.baseAddress }
                let start = UnsafeMutableRawPointer(mutating: base?.advanced(by: piece.start))
                parts[index] = iovec(iov_base: start, iov_len: piece.count)
            }
            return squilla_sendv(fd, parts.baseAddress, Int32(count))
        }
        if sent > 0 { passPieces(sent) }
        return sent
    }

    /// Goes past what was sent.
    func passPieces(_ count: Int) {
        var left = count
        while left > 0 {
            let size = pieces[firstPiece].count
            if left < size {
                pieces[firstPiece].start += left
                break
            }
            left -= size
            pieces[firstPiece].shared = nil
            firstPiece += 1
        }
    }

    func finishFlush() {
        releaseOutput()
        if closesAfterFlush != .stay { return closeNow() }
        reportProgress()
        if reportsDrained, queuedBytes == 0 { handler?.drained() }
    }

    func reportProgress() {
        guard wasCongested, queuedBytes <= loop.options.outputLowWaterBytes else { return }
        wasCongested = false
        handler?.canSendMore()
    }

    private func closeNow() {
        if let tls { sendEnd(tls) }
        guard closesAfterFlush == .linger, !sawEnd else { return close(.local) }
        shutdown(fd, Int32(SHUT_WR))
        phase = .lingering
        if isReadPending { askAgain() }
        setDeadline(afterMilliseconds: 2_000)
    }

    /// Drops the part of the buffer that was sent, once it is worth the move.
    private func compactOutput() {
        if pieces.isEmpty {
            guard outputSent > 64 * 1024 else { return }
            output.removeSubrange(0..<outputSent)
            outputSent = 0
            return
        }
        guard firstPiece > 256 else { return }
        pieces.removeSubrange(0..<firstPiece)
        firstPiece = 0
        let unused = pieces.first { $0.shared == nil }?.start ?? output.count
        guard unused > 64 * 1024 else { return }
        output.removeSubrange(0..<unused)
        for index in pieces.indices where pieces[index].shared == nil {
            pieces[index].start -= unused
            pieces[index].end -= unused
        }
    }

    func releaseOutput() {
        queuedBytes = 0
        releaseQueue()
    }

    /// Gives the queue's memory back; all of it was sent or sealed.
    func releaseQueue() {
        if !pieces.isEmpty { pieces = [] }
        firstPiece = 0
        outputSent = 0
        guard output.capacity > 0 else { return }
        var taken: [UInt8] = []
        swap(&taken, &output)
        loop.recycle(taken)
    }
}
