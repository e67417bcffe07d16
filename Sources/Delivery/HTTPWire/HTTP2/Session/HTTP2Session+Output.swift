import Bytes

/// Responses: heads at once, bodies as windows and priorities let them.
extension HTTP2Session {
    // MARK: Heads

    /// Sends a response's head.
    /// - Parameters:
    ///   - head: a status line and fields as HTTP/1.1 has them, up to the empty line; fields about the connection are
    ///     left out.
    ///   - ends: no body follows.
    public mutating func respond(_ slot: Int, head: Span<UInt8>, ends: Bool) {
        guard !hasFailed else { return }
        let start = output.count
        encoder.append(response: head, tableSize: takeTableUpdate(), to: &output)
        finishHeaders(slot, from: start, ends: ends)
    }

    /// Sends trailers, which end the stream.
    public mutating func sendTrailers(_ slot: Int, _ trailers: HeaderBlock) {
        guard !hasFailed else { return }
        let start = output.count
        encoder.append(trailers: trailers, tableSize: takeTableUpdate(), to: &output)
        finishHeaders(slot, from: start, ends: true)
    }

    /// A client that made its table smaller than the one that could be used wants to hear that it is known (RFC 7541, 4.2).
    private mutating func takeTableUpdate() -> Int? {
        guard allowedTableSize < tableSize else { return nil }
        tableSize = allowedTableSize
        return tableSize
    }

    /// Says in the frame's head what became of it.
    private mutating func finishHeaders(_ slot: Int, from start: Int, ends: Bool) {
        let length = output.count - start - HTTP2Frame.headBytes
        let stream = streams.slots[slot].number
        let endStream = ends ? HTTP2Frame.Flag.endStream : 0
        if length > HTTP2Frame.maximumBytes { return splitHeaders(stream, from: start, endStream) }
        writeHead(at: start, HTTP2Frame.Kind.headers, endStream | HTTP2Frame.Flag.endHeaders, stream, length)
    }

    private mutating func writeHead(at start: Int, _ kind: UInt8, _ flags: UInt8, _ stream: Int32, _ length: Int) {
        var bytes = output.mutableSpan
        bytes[start] = UInt8(truncatingIfNeeded: length >> 16)
        bytes[start + 1] = UInt8(truncatingIfNeeded: length >> 8)
        bytes[start + 2] = UInt8(truncatingIfNeeded: length)
        bytes[start + 3] = kind
        bytes[start + 4] = flags
        bytes[start + 5] = UInt8(truncatingIfNeeded: stream >> 24)
        bytes[start + 6] = UInt8(truncatingIfNeeded: stream >> 16)
        bytes[start + 7] = UInt8(truncatingIfNeeded: stream >> 8)
        bytes[start + 8] = UInt8(truncatingIfNeeded: stream)
    }

    /// A block that is too large for one frame goes on in CONTINUATION frames.
    private mutating func splitHeaders(_ stream: Int32, from start: Int, _ endStream: UInt8) {
        let block = Array(output[(start + HTTP2Frame.headBytes)...])
        output.removeSubrange(start...)
        var position = 0
        while position < block.count {
            let count = min(HTTP2Frame.maximumBytes, block.count - position)
            let isFirst = position == 0
            let flags = (isFirst ? endStream : 0) | (position + count == block.count ? HTTP2Frame.Flag.endHeaders : 0)
            output.append(addingCapacity: HTTP2Frame.headBytes + count) {
                $0.appendFrame(
                    isFirst ? HTTP2Frame.Kind.headers : HTTP2Frame.Kind.continuation, flags: flags, stream: stream,
                    length: count)
                $0.append(contentsOf: block.span.extracting(position..<position + count))
            }
            position += count
        }
    }

    // MARK: Bodies

    /// Writes the head of a DATA frame out of turn, where that harms nobody: for a stream that is not less urgent than by
    /// default, and as long as no other waits. Its octets follow.
    /// - Parameter ends: the body ends with them, and the stream.
    /// - Returns: false where the body has to wait for its turn; nothing is done then.
    public mutating func sendAtOnce(_ slot: Int, count: Int, ends: Bool) -> Bool {
        guard queue.isEmpty, streams.slots[slot].priority.urgency <= HTTP2Priority().urgency,
            count <= min(HTTP2Frame.maximumBytes, window, streams.slots[slot].window)
        else { return false }
        sendData(slot, count: count, ends: ends, goesOn: false)
        return true
    }

    /// Part of a body waits to be sent: the stream gets turns.
    public mutating func requestTurn(_ slot: Int) {
        streams.slots[slot].wantsTurn = true
        enqueue(slot)
    }

    mutating func enqueue(_ slot: Int) {
        let state = streams.slots[slot]
        if state.wantsTurn, !state.isQueued, state.window > 0 { queue.append(slot, &streams.slots) }
    }

    /// Whose turn it is to send a frame of its body; nil where none may. Answer with `sendData`.
    public mutating func nextTurn() -> HTTP2Turn? {
        guard window > 0, !hasFailed else { return nil }
        while let slot = queue.head {
            let room = streams.slots[slot].window
            // Settings may have closed the window since.
            guard room > 0 else {
                queue.remove(slot, &streams.slots)
                continue
            }
            return HTTP2Turn(slot: slot, limit: min(HTTP2Frame.maximumBytes, window, room))
        }
        return nil
    }

    /// Writes the head of a DATA frame; its octets follow.
    /// - Parameters:
    ///   - count: at most what the turn allowed.
    ///   - ends: the body ends with them, and the stream.
    ///   - goesOn: more of it is there to be sent.
    public mutating func sendData(_ slot: Int, count: Int, ends: Bool, goesOn: Bool) {
        guard !hasFailed else { return }
        let number = streams.slots[slot].number
        window -= count
        streams.slots[slot].window -= count
        output.append(addingCapacity: HTTP2Frame.headBytes) {
            $0.appendFrame(
                HTTP2Frame.Kind.data, flags: ends ? HTTP2Frame.Flag.endStream : 0, stream: number, length: count)
        }
        let state = streams.slots[slot]
        guard state.isQueued else { return }
        guard goesOn, state.window > 0 else {
            queue.remove(slot, &streams.slots)
            streams.slots[slot].wantsTurn = goesOn
            return
        }
        guard state.priority.isIncremental else { return }
        queue.remove(slot, &streams.slots)
        queue.append(slot, &streams.slots)
    }

    // MARK: Ends of streams

    /// Breaks a stream off (RST_STREAM). Its slot is free then.
    public mutating func reset(_ slot: Int, code: HTTP2Code) {
        let number = streams.slots[slot].number
        if !hasFailed { output.appendFrame(HTTP2Frame.Kind.reset, stream: number, Int(code.rawValue)) }
        memory.noteReset(number)
        close(slot)
    }

    /// The response is complete. Where the request is not, the rest is not wanted (RFC 9113, 8.1). The slot is free then.
    public mutating func finish(_ slot: Int) {
        if streams.slots[slot].hasEnded { close(slot) } else { reset(slot, code: .noError) }
    }

    mutating func close(_ slot: Int) {
        if streams.slots[slot].isQueued { queue.remove(slot, &streams.slots) }
        let held = streams.slots[slot].held
        streams.close(slot)
        if held > 0, !hasFailed { consume(held) }
    }
}
