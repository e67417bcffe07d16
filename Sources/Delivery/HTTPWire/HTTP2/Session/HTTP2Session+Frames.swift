import Bytes

/// Frames out of bytes, at any split.
extension HTTP2Session {
    private static let preface: [UInt8] = Array("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".utf8)

    /// Goes on to the next event.
    /// - Parameters:
    ///   - bytes: the connection's next bytes; the same until `nothing` is reported.
    ///   - position: where to go on, from 0.
    ///   - now: nanoseconds of a monotonic clock.
    public mutating func next(_ bytes: Span<UInt8>, _ position: inout Int, now: Int64) -> HTTP2Event {
        self.now = now
        while !hasFailed {
            let event: HTTP2Event
            switch phase {
            case .head:
                guard takeFrameHead(bytes, &position) else { return .nothing }
                event = begin()
            case .payload:
                event = takePayload(bytes, &position)
                if event == .nothing, phase == .payload { return .nothing }
            case .body:
                event = takeBody(bytes, &position)
                if event == .nothing, phase == .body { return .nothing }
            case .paddingLength:
                guard position < bytes.count else { return .nothing }
                event = takePaddingLength(bytes[position])
                position += 1
            case .skip:
                let passed = min(bodyLeft, bytes.count - position)
                bodyLeft -= passed
                position += passed
                guard bodyLeft == 0 else { return .nothing }
                phase = .head
                continue
            case .preface:
                guard position < bytes.count else { return .nothing }
                event = takePreface(bytes, &position)
            }
            if event != .nothing { return event }
        }
        return .failed
    }

    private mutating func takePreface(_ bytes: Span<UInt8>, _ position: inout Int) -> HTTP2Event {
        let preface = HTTP2Session.preface.span
        while position < bytes.count, headCount < preface.count {
            guard bytes[position] == preface[headCount] else { return fail(.protocolError) }
            headCount += 1
            position += 1
        }
        if headCount == preface.count {
            headCount = 0
            phase = .head
        }
        return .nothing
    }

    /// Returns false where the head is not complete.
    private mutating func takeFrameHead(_ bytes: Span<UInt8>, _ position: inout Int) -> Bool {
        if headCount == 0, bytes.count - position >= HTTP2Frame.headBytes {
            frame = HTTP2Frame(bytes.extracting(position..<position + HTTP2Frame.headBytes))
            position += HTTP2Frame.headBytes
            return true
        }
        while headCount < HTTP2Frame.headBytes {
            guard position < bytes.count else { return false }
            headBytes[headCount] = bytes[position]
            headCount += 1
            position += 1
        }
        headCount = 0
        frame = HTTP2Frame(headBytes.span)
        return true
    }

    /// What a frame's head alone says.
    private mutating func begin() -> HTTP2Event {
        guard frame.length <= HTTP2Frame.maximumBytes else { return fail(.frameSizeError) }
        // Nothing may come between the frames of a header block (6.10).
        guard (heading != nil) == (frame.kind == HTTP2Frame.Kind.continuation) else { return fail(.protocolError) }
        guard hasSettings || frame.kind == HTTP2Frame.Kind.settings && !frame.has(HTTP2Frame.Flag.acknowledgement)
        else { return fail(.protocolError) }
        switch frame.kind {
        case HTTP2Frame.Kind.data: return beginData()
        case HTTP2Frame.Kind.headers...HTTP2Frame.Kind.continuation, HTTP2Frame.Kind.priorityUpdate:
            phase = .payload
        default:
            phase = .skip
            bodyLeft = frame.length
        }
        return .nothing
    }

    /// A whole payload: most often one that came in one piece.
    private mutating func takePayload(_ bytes: Span<UInt8>, _ position: inout Int) -> HTTP2Event {
        let start = position
        let count = min(frame.length - gathered.count, bytes.count - start)
        position += count
        if gathered.isEmpty, count == frame.length {
            phase = .head
            return take(bytes.extracting(start..<position))
        }
        gathered.append(contentsOf: bytes.extracting(start..<position))
        guard gathered.count == frame.length else { return .nothing }
        phase = .head
        var payload: [UInt8] = []
        swap(&payload, &gathered)
        return take(payload.span)
    }

    private mutating func take(_ payload: Span<UInt8>) -> HTTP2Event {
        switch frame.kind {
        case HTTP2Frame.Kind.headers: takeHeaders(payload)
        case HTTP2Frame.Kind.continuation: takeContinuation(payload)
        case HTTP2Frame.Kind.windowUpdate: takeWindowUpdate(payload)
        case HTTP2Frame.Kind.settings: takeSettings(payload)
        case HTTP2Frame.Kind.ping: takePing(payload)
        case HTTP2Frame.Kind.reset: takeReset(payload)
        case HTTP2Frame.Kind.goAway: takeGoAway(payload)
        case HTTP2Frame.Kind.priority: takePriority(payload)
        case HTTP2Frame.Kind.priorityUpdate: takePriorityUpdate(payload)
        // A client promises nothing (8.4).
        default: fail(.protocolError)
        }
    }
}
