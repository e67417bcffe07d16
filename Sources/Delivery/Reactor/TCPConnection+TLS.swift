import CPlatform
import Glibc

/// A connection that speaks TLS. The handler sees plaintext; in the queue (TCPConnection+Output) lies plaintext too,
/// which is sealed, a bounded amount at a time, when it can be sent.
extension TCPConnection {
    /// Ciphertext that waits for the kernel; no more is sealed beyond it.
    static let sealedBytes = 64 * 1024

    public var tlsFacts: TLSFacts? { tls?.facts }

    /// Speaks TLS from the next byte on; for accepted connections. The handler hears `secured` when it is agreed on.
    public func startTLS(_ server: TLSServer) {
        tls = TLSSession.server(server.context)
        if tls == nil { close(.tlsFailed("no memory for a session")) }
    }

    func startHandshake() {
        guard let tls else { return }
        shakeHands(tls)
        markUnflushed()
        flush()
    }

    /// Returns whether the handshake is done.
    @discardableResult
    private func shakeHands(_ tls: TLSSession) -> Bool {
        let before = tls.sealedCount
        let step = tls.handshake()
        noteSealed(tls, before)
        switch step {
        case .needsInput: return false
        case .failed(let reason):
            // The alert tells the peer why.
            flush()
            close(.tlsFailed(reason))
            return false
        case .done:
            if isOutgoing {
                clearDeadline()
                handler?.connected()
            } else {
                handler?.secured()
            }
            return phase == .open
        }
    }

    private func noteSealed(_ tls: TLSSession, _ before: Int) {
        let added = tls.sealedCount - before
        guard added > 0 else { return }
        queuedBytes += added
        markUnflushed()
    }

    // MARK: Input

    /// Ciphertext arrived.
    func open(_ bytes: UnsafeRawBufferPointer, _ tls: TLSSession) {
        tls.supply(bytes) { openAll(tls) }
    }

    /// Hands plaintext to the handler until there is none or it pauses.
    func openAll(_ tls: TLSSession) {
        if !tls.isEstablished, !shakeHands(tls) { return }
        let buffer = loop.plainBuffer
        while phase == .open, !isReadingPaused {
            let before = tls.sealedCount
            let reading = tls.read(into: buffer)
            noteSealed(tls, before)
            switch reading {
            case .data(let count):
                let plain = UnsafeRawBufferPointer(rebasing: buffer[0..<count]).bindMemory(to: UInt8.self)
                handler?.received(plain.span)
            case .needsInput: return
            case .ended: return reachedEnd()
            case .failed(let reason):
                flush()
                return close(.tlsFailed(reason))
            }
        }
    }

    /// The peer closed the connection. Without its word that nothing more comes, somebody in between may have cut it;
    /// a client that leaves is no loss, an origin's response would be.
    func endsProperly(_ tls: TLSSession) -> Bool {
        if !tls.isEstablished {
            close(.tlsFailed("the peer left in the handshake"))
            return false
        }
        guard isOutgoing, !tls.sawEnd else { return true }
        close(.tlsFailed("the peer left without an end of TLS"))
        return false
    }

    // MARK: Output

    /// Seals and sends until everything is sent or the socket is full.
    func flush(_ tls: TLSSession) {
        while queuedBytes > 0 {
            guard sealSome(tls) else { return close(.tlsFailed("the session is broken")) }
            guard tls.sealedCount > 0 else {
                // Plaintext that was queued before the handshake waits for it.
                return
            }
            let sent = tls.sealed.withUnsafeBytes {
                squilla_send(fd, $0.baseAddress?.advanced(by: tls.sealedStart), tls.sealedCount)
            }
            if sent >= 0 {
                passSealed(tls, sent)
                continue
            }
            let code = Int32(-sent)
            if code == EINTR { continue }
            guard code == EAGAIN else { return close(.failed(code)) }
            return awaitWriting()
        }
        finishFlush()
    }

    private func passSealed(_ tls: TLSSession, _ sent: Int) {
        tls.sealedStart += sent
        queuedBytes -= sent
        sentBytes += Int64(sent)
        guard tls.sealedCount == 0 else { return }
        var empty: [UInt8] = []
        swap(&empty, &tls.sealed)
        tls.sealedStart = 0
        loop.recycle(empty)
    }

    /// Seals what is queued, as long as little waits for the kernel. Returns false for a session that can't.
    private func sealSome(_ tls: TLSSession) -> Bool {
        guard tls.isEstablished else { return true }
        if tls.sealed.capacity == 0 { tls.sealed = loop.takeBuffer() }
        while queuedBytes > tls.sealedCount, tls.sealedCount < TCPConnection.sealedBytes {
            let before = tls.sealedCount
            guard let count = pieces.isEmpty ? sealBuffer(tls) : sealPiece(tls) else { return false }
            queuedBytes += tls.sealedCount - before - count
        }
        if queuedBytes == tls.sealedCount { releaseQueue() }
        return true
    }

    private func sealBuffer(_ tls: TLSSession) -> Int? {
        let count = output.withUnsafeBytes { tls.seal(UnsafeRawBufferPointer(rebasing: $0[outputSent...])) }
        outputSent += count ?? 0
        return count
    }

    private func sealPiece(_ tls: TLSSession) -> Int? {
        let piece = pieces[firstPiece]
        let count = (piece.shared ?? output).withUnsafeBytes {
            tls.seal(UnsafeRawBufferPointer(rebasing: $0[piece.start..<piece.end]))
        }
        if let count { passPieces(count) }
        return count
    }

    /// Tells the peer that nothing more comes; best effort.
    func sendEnd(_ tls: TLSSession) {
        tls.sealEnd()
        guard tls.sealedCount > 0 else { return }
        _ = tls.sealed.withUnsafeBytes {
            squilla_send(fd, $0.baseAddress?.advanced(by: tls.sealedStart), tls.sealedCount)
        }
    }
}
