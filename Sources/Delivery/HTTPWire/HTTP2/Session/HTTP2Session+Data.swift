import Bytes

/// DATA and the windows of bodies that come (RFC 9113, 6.1 and 5.2).
extension HTTP2Session {
    private static let defaultWindow = 65_535

    mutating func beginData() -> HTTP2Event {
        guard frame.stream & 1 == 1, frame.stream <= memory.last else { return fail(.protocolError) }
        held += frame.length
        guard held + unannounced <= max(limits.connectionWindowBytes, HTTP2Session.defaultWindow) else {
            return fail(.flowControlError)
        }
        bodyLeft = frame.length
        paddingLeft = 0
        let isPadded = frame.has(HTTP2Frame.Flag.padded)
        if isPadded, frame.length == 0 { return fail(.frameSizeError) }
        guard let slot = streams.find(frame.stream) else {
            guard memory.verdict(frame.stream) != .closed else { return fail(.streamClosed) }
            skipBody(isPadded: isPadded)
            return .nothing
        }
        streams.slots[slot].held += frame.length
        let state = streams.slots[slot]
        if state.hasEnded { return breakOffBody(slot, .streamClosed) }
        guard state.held + state.unannounced <= streamWindow else { return breakOffBody(slot, .flowControlError) }
        bodySlot = slot
        phase = isPadded ? .paddingLength : .body
        return frame.length == 0 && !frame.has(HTTP2Frame.Flag.endStream) ? noteControl() : .nothing
    }

    /// A client that has not acknowledged our settings goes by those that all start with.
    private var streamWindow: Int {
        areSettingsAcknowledged ? limits.streamWindowBytes : max(limits.streamWindowBytes, HTTP2Session.defaultWindow)
    }

    /// The frame's octets are thrown away, and count as used up. That they are padding must be true all the same (6.1).
    private mutating func skipBody(isPadded: Bool) {
        bodySlot = -1
        phase = isPadded ? .paddingLength : .skip
        consume(frame.length)
    }

    /// Closing the stream gives back what the frame takes.
    private mutating func breakOffBody(_ slot: Int, _ code: HTTP2Code) -> HTTP2Event {
        phase = .skip
        return breakOff(slot, code)
    }

    mutating func takePaddingLength(_ length: UInt8) -> HTTP2Event {
        guard Int(length) < frame.length else { return fail(.protocolError) }
        paddingLeft = Int(length)
        bodyLeft -= 1 + paddingLeft
        phase = .body
        if isBodyWanted { consumed(bodySlot, 1 + paddingLeft) }
        return .nothing
    }

    /// The stream may be closed between the pieces of a frame; its slot then has another one, or none.
    private var isBodyWanted: Bool {
        bodySlot >= 0 && streams.slots[bodySlot].number == frame.stream
    }

    mutating func takeBody(_ bytes: Span<UInt8>, _ position: inout Int) -> HTTP2Event {
        guard isBodyWanted else {
            phase = .skip
            bodyLeft += paddingLeft
            return .nothing
        }
        let start = position
        let count = min(bodyLeft, bytes.count - start)
        position += count
        bodyLeft -= count
        if bodyLeft == 0 {
            let passed = min(paddingLeft, bytes.count - position)
            paddingLeft -= passed
            position += passed
        }
        let isOver = bodyLeft == 0 && paddingLeft == 0
        if isOver { phase = .head }
        let ends = isOver && frame.has(HTTP2Frame.Flag.endStream)
        guard count > 0 || ends else { return .nothing }
        if streams.slots[bodySlot].owed >= 0 {
            let owed = streams.slots[bodySlot].owed - Int64(count)
            // The length that was declared is another one (8.1.1).
            guard owed >= 0, owed == 0 || !ends else {
                if !isOver {
                    phase = .skip
                    bodyLeft += paddingLeft
                }
                return breakOff(bodySlot, .protocolError)
            }
            streams.slots[bodySlot].owed = owed
        }
        if ends { streams.slots[bodySlot].hasEnded = true }
        return .body(bodySlot, start..<start + count, ends: ends)
    }

    // MARK: Windows

    /// What is held of bodies leaves the client less than a frame to send, so that it may have to wait.
    public var isWindowClosed: Bool {
        max(limits.connectionWindowBytes, HTTP2Session.defaultWindow) - held - unannounced < HTTP2Frame.maximumBytes
    }

    /// Part of a body was used up, so the client may send as much again.
    public mutating func consumed(_ slot: Int, _ count: Int) {
        guard count > 0, !hasFailed else { return }
        let used = min(count, streams.slots[slot].held)
        streams.slots[slot].held -= used
        streams.slots[slot].unannounced += used
        let unannounced = streams.slots[slot].unannounced
        if unannounced >= limits.streamWindowBytes / 2, !streams.slots[slot].hasEnded {
            output.appendFrame(HTTP2Frame.Kind.windowUpdate, stream: streams.slots[slot].number, unannounced)
            streams.slots[slot].unannounced = 0
        }
        consume(used)
    }

    /// The same for the connection's window alone.
    mutating func consume(_ count: Int) {
        held -= count
        unannounced += count
        guard unannounced >= limits.connectionWindowBytes / 2 else { return }
        output.appendFrame(HTTP2Frame.Kind.windowUpdate, unannounced)
        unannounced = 0
    }
}
