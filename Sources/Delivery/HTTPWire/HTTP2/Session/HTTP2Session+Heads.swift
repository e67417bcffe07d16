import Bytes

/// HEADERS and CONTINUATION (RFC 9113, 6.2 and 6.10).
extension HTTP2Session {
    /// A header block under way.
    struct Heading {
        enum Purpose {
            case request, trailers
            /// Over the limit of streams.
            case excess
            /// Of a stream that is over, which the client can't know yet; the decoder needs the block all the same.
            case ignored
        }

        var stream: Int32
        var endsStream: Bool
        var purpose: Purpose
    }

    mutating func takeHeaders(_ payload: Span<UInt8>) -> HTTP2Event {
        var start = 0
        var padding = 0
        if frame.has(HTTP2Frame.Flag.padded) {
            guard payload.count > 0 else { return fail(.frameSizeError) }
            padding = Int(payload[0])
            start = 1
        }
        if frame.has(HTTP2Frame.Flag.priority) {
            guard payload.count >= start + 5 else { return fail(.frameSizeError) }
            guard payload.number31(at: start) != Int(frame.stream) else { return fail(.protocolError) }
            start += 5
        }
        guard start + padding <= payload.count else { return fail(.protocolError) }
        let stream = frame.stream
        guard stream & 1 == 1 else { return fail(.protocolError) }
        var heading = Heading(
            stream: stream, endsStream: frame.has(HTTP2Frame.Flag.endStream), purpose: .request)
        if stream > memory.last {
            memory.noteOpened(stream)
            if let lastServed, stream > lastServed {
                heading.purpose = .ignored
                memory.noteReset(stream)
            } else if streams.count >= limits.maximumStreams {
                heading.purpose = .excess
            }
        } else if let slot = streams.find(stream) {
            guard !streams.slots[slot].hasEnded else { return fail(.streamClosed) }
            heading.purpose = .trailers
        } else {
            switch memory.verdict(stream) {
            case .ignored: heading.purpose = .ignored
            case .closed: return fail(.streamClosed)
            case .outOfOrder: return fail(.protocolError)
            }
        }
        let fragment = payload.extracting(start..<payload.count - padding)
        if frame.has(HTTP2Frame.Flag.endHeaders) { return finish(heading, fragment) }
        self.heading = heading
        continuations = 0
        block.append(contentsOf: fragment)
        return .nothing
    }

    mutating func takeContinuation(_ payload: Span<UInt8>) -> HTTP2Event {
        guard let heading, heading.stream == frame.stream else { return fail(.protocolError) }
        continuations += 1
        // CVE-2024-27316 and its like: a block without an end.
        let frames = limits.continuationFrames + blockBound / HTTP2Frame.maximumBytes
        guard continuations <= frames, block.count + payload.count <= blockBound else { return fail(.enhanceYourCalm) }
        block.append(contentsOf: payload)
        guard frame.has(HTTP2Frame.Flag.endHeaders) else { return .nothing }
        self.heading = nil
        var whole: [UInt8] = []
        swap(&whole, &block)
        return finish(heading, whole.span)
    }

    /// Of a block as it is coded: what is a little over the limit of a head is still answered.
    private var blockBound: Int { 2 * wire.headBytes + HTTP2Frame.maximumBytes }

    private mutating func finish(_ heading: Heading, _ block: Span<UInt8>) -> HTTP2Event {
        builder.start(isTrailers: heading.purpose == .trailers)
        guard decoder.decode(block, into: &builder) else { return fail(.compressionError) }
        switch heading.purpose {
        case .request: return finishRequest(heading)
        case .trailers: return finishTrailers(heading)
        case .excess: return refuse(heading.stream, .refusedStream)
        case .ignored: return .nothing
        }
    }

    private mutating func finishRequest(_ heading: Heading) -> HTTP2Event {
        builder.finish(endsHere: heading.endsStream)
        guard !builder.isMalformed else { return refuse(heading.stream, .protocolError) }
        let slot = streams.open(heading.stream)
        streams.slots[slot].window = initialWindow
        streams.slots[slot].hasEnded = heading.endsStream
        if builder.error == nil, case .length(let length) = builder.head.framing {
            streams.slots[slot].owed = Int64(clamping: length)
        }
        if let priority = builder.priority { streams.slots[slot].priority = priority }
        if !earlyPriorities.isEmpty { applyEarlyPriority(heading.stream, slot) }
        return .request(slot, number: heading.stream, isComplete: heading.endsStream)
    }

    private mutating func finishTrailers(_ heading: Heading) -> HTTP2Event {
        guard let slot = streams.find(heading.stream) else { return .nothing }
        guard heading.endsStream, !builder.isMalformed, streams.slots[slot].owed <= 0 else {
            return breakOff(slot, .protocolError)
        }
        streams.slots[slot].hasEnded = true
        return .ended(slot)
    }
}
