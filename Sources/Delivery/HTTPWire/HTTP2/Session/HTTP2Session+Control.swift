import Bytes

/// Frames about the connection, and about streams as a whole.
extension HTTP2Session {
    private static let largestWindow = 0x7fff_ffff

    // MARK: SETTINGS (RFC 9113, 6.5)

    private enum Setting {
        static let tableSize = 1
        static let push = 2
        static let maximumStreams = 3
        static let initialWindow = 4
        static let maximumFrame = 5
        static let headerListSize = 6
        /// RFC 9218, 2.1
        static let noOldPriorities = 9
    }

    mutating func sendSettings() {
        let settings = [
            (Setting.maximumStreams, limits.maximumStreams), (Setting.initialWindow, limits.streamWindowBytes),
            (Setting.headerListSize, wire.headBytes), (Setting.noOldPriorities, 1),
        ]
        output.append(addingCapacity: HTTP2Frame.headBytes + 6 * settings.count) { output in
            output.appendFrame(HTTP2Frame.Kind.settings, flags: 0, stream: 0, length: 6 * settings.count)
            for (id, value) in settings {
                output.append(0)
                output.append(UInt8(id))
                output.appendNumber32(value)
            }
        }
        let more = limits.connectionWindowBytes - window
        if more > 0 { output.appendFrame(HTTP2Frame.Kind.windowUpdate, more) }
    }

    mutating func takeSettings(_ payload: Span<UInt8>) -> HTTP2Event {
        guard frame.stream == 0 else { return fail(.protocolError) }
        if frame.has(HTTP2Frame.Flag.acknowledgement) {
            guard payload.isEmpty, hasSettings else { return fail(.frameSizeError) }
            areSettingsAcknowledged = true
            return .nothing
        }
        guard payload.count % 6 == 0 else { return fail(.frameSizeError) }
        guard payload.count / 6 <= limits.settingsPerFrame else { return fail(.enhanceYourCalm) }
        hasSettings = true
        var position = 0
        while position < payload.count {
            let id = Int(payload[position]) << 8 | Int(payload[position + 1])
            if let code = apply(id, payload.number32(at: position + 2)) { return fail(code) }
            position += 6
        }
        output.append(addingCapacity: HTTP2Frame.headBytes) {
            $0.appendFrame(
                HTTP2Frame.Kind.settings, flags: HTTP2Frame.Flag.acknowledgement, stream: 0, length: 0)
        }
        return noteControl()
    }

    private mutating func apply(_ id: Int, _ value: Int) -> HTTP2Code? {
        switch id {
        case Setting.tableSize: allowedTableSize = min(allowedTableSize, value)
        case Setting.push, Setting.noOldPriorities: if value > 1 { return .protocolError }
        case Setting.initialWindow:
            guard value <= HTTP2Session.largestWindow else { return .flowControlError }
            return changeInitialWindow(to: value)
        case Setting.maximumFrame:
            guard value >= HTTP2Frame.maximumBytes, value < 1 << 24 else { return .protocolError }
        default: break
        }
        return nil
    }

    private mutating func changeInitialWindow(to value: Int) -> HTTP2Code? {
        let change = value - initialWindow
        initialWindow = value
        guard change != 0 else { return nil }
        for slot in streams.slots.indices where streams.slots[slot].number != 0 {
            streams.slots[slot].window += change
            guard streams.slots[slot].window <= HTTP2Session.largestWindow else { return .flowControlError }
            if change > 0 { enqueue(slot) }
        }
        return nil
    }

    // MARK: PING, GOAWAY, RST_STREAM (6.7, 6.8, 6.4)

    mutating func takePing(_ payload: Span<UInt8>) -> HTTP2Event {
        guard frame.stream == 0 else { return fail(.protocolError) }
        guard payload.count == 8 else { return fail(.frameSizeError) }
        if frame.has(HTTP2Frame.Flag.acknowledgement) { return .nothing }
        output.append(addingCapacity: HTTP2Frame.headBytes + 8) {
            $0.appendFrame(HTTP2Frame.Kind.ping, flags: HTTP2Frame.Flag.acknowledgement, stream: 0, length: 8)
            $0.append(contentsOf: payload)
        }
        return noteControl()
    }

    mutating func takeGoAway(_ payload: Span<UInt8>) -> HTTP2Event {
        guard frame.stream == 0 else { return fail(.protocolError) }
        guard payload.count >= 8 else { return fail(.frameSizeError) }
        clientLeaves = true
        return .nothing
    }

    mutating func takeReset(_ payload: Span<UInt8>) -> HTTP2Event {
        guard payload.count == 4 else { return fail(.frameSizeError) }
        guard frame.stream & 1 == 1, frame.stream <= memory.last else { return fail(.protocolError) }
        guard resets.take(now: now) else { return fail(.enhanceYourCalm) }
        guard let slot = streams.find(frame.stream) else {
            // Our own reset may have crossed it; either way the client sends nothing more.
            memory.noteResetByClient(frame.stream)
            return .nothing
        }
        let code = UInt32(truncatingIfNeeded: payload.number32(at: 0))
        close(slot)
        return .closed(slot, code: code)
    }

    // MARK: WINDOW_UPDATE (6.9)

    mutating func takeWindowUpdate(_ payload: Span<UInt8>) -> HTTP2Event {
        guard payload.count == 4 else { return fail(.frameSizeError) }
        let more = payload.number31(at: 0)
        if frame.stream == 0 {
            guard more > 0 else { return fail(.protocolError) }
            window += more
            return window <= HTTP2Session.largestWindow ? .nothing : fail(.flowControlError)
        }
        guard frame.stream & 1 == 1, frame.stream <= memory.last else { return fail(.protocolError) }
        guard let slot = streams.find(frame.stream) else {
            // Nothing is opened by nothing, also where it is of no use any more, or where we broke the stream off.
            return more == 0 ? fail(.protocolError) : .nothing
        }
        guard more > 0 else { return breakOff(slot, .protocolError) }
        streams.slots[slot].window += more
        guard streams.slots[slot].window <= HTTP2Session.largestWindow else {
            return breakOff(slot, .flowControlError)
        }
        enqueue(slot)
        return .nothing
    }

    // MARK: PRIORITY (6.3) and PRIORITY_UPDATE (RFC 9218, 7.1)

    /// Nothing is read of it where RFC 9218 has taken its place, but what breaks its rules is broken or hostile.
    mutating func takePriority(_ payload: Span<UInt8>) -> HTTP2Event {
        guard frame.stream != 0 else { return fail(.protocolError) }
        guard payload.count == 5 else { return fail(.frameSizeError) }
        guard payload.number31(at: 0) != Int(frame.stream) else { return fail(.protocolError) }
        return noteControl()
    }

    /// Priorities of streams to come that are kept.
    private static let earlyCount = 16

    mutating func takePriorityUpdate(_ payload: Span<UInt8>) -> HTTP2Event {
        guard frame.stream == 0 else { return fail(.protocolError) }
        guard payload.count >= 4 else { return fail(.frameSizeError) }
        let stream = Int32(truncatingIfNeeded: payload.number31(at: 0))
        guard stream & 1 == 1 else { return fail(.protocolError) }
        let priority = HTTP2Priority(payload.extracting(4...))
        if let slot = streams.find(stream) {
            setPriority(slot, priority)
        } else if stream > memory.last {
            if earlyPriorities.count == HTTP2Session.earlyCount { earlyPriorities.removeFirst() }
            earlyPriorities.append((stream, priority))
        }
        return noteControl()
    }

    mutating func applyEarlyPriority(_ stream: Int32, _ slot: Int) {
        for early in earlyPriorities where early.stream == stream { streams.slots[slot].priority = early.priority }
        earlyPriorities.removeAll { $0.stream <= stream }
    }

    private mutating func setPriority(_ slot: Int, _ priority: HTTP2Priority) {
        let isQueued = streams.slots[slot].isQueued
        if isQueued { queue.remove(slot, &streams.slots) }
        streams.slots[slot].priority = priority
        if isQueued { queue.append(slot, &streams.slots) }
    }
}
