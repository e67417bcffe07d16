import Bytes
public import HTTPWire

/// A request to the origin for pieces of a large body that follow each other, and the filling of them.
///
/// Unchecked because it belongs to the loop of the job that carries it out, after whoever asked has handed it over; what
/// others share is behind locks in ``SegmentedBody`` and the pieces.
public final class SegmentRun: @unchecked Sendable {
    /// What to do with the origin's response.
    public enum Outcome: Sendable, Equatable {
        /// Feed the body to the run.
        case fills
        /// The origin has another version: look up again. The run is over.
        case changed
        /// The origin can't answer now, with a status for the client; or what it answered isn't what was asked for. The
        /// run is over.
        case failed(status: Int)
    }

    public enum Step: Sendable, Equatable {
        case goOn
        /// Until the callback.
        case pause
        /// The rest isn't wanted.
        case stop
    }

    let whole: CachedObject
    let body: SegmentedBody
    private let first: UInt64
    /// Behind the last piece that is asked for.
    private let end: UInt64
    private var segment: UInt64
    /// Where the next byte lies in the whole.
    private var position: UInt64
    /// The piece that is being fetched, until its first byte; then ``fill`` has it.
    private var fetch: CacheFetch?
    private var fill: CacheFill?
    private var isOver = false

    init(_ whole: CachedObject, _ body: SegmentedBody, _ fetch: CacheFetch, _ segment: UInt64, end: UInt64) {
        self.whole = whole
        self.body = body
        self.fetch = fetch
        self.first = segment
        self.segment = segment
        self.end = end
        self.position = body.range(segment).lowerBound
    }

    /// The bytes that are asked for.
    var range: Range<UInt64> { body.range(first).lowerBound..<body.range(end - 1).upperBound }

    // MARK: The response

    /// The origin's final response head.
    /// - Parameter now: seconds.
    public func received(_ response: ResponseHead, now: Int64) -> Outcome {
        guard let fetch else { return .failed(status: 502) }
        let stored = whole.fields()
        let fits = (response.status == 206 || response.status == 200) && Validators.agree(response.block, stored)
        if !fits {
            guard CachePolicy.isError(response.status) || response.status == 429 else {
                change(fetch)
                return .changed
            }
            fail(status: response.status, now: now)
            return .failed(status: response.status)
        }
        guard let start = start(of: response) else {
            fail(status: 502, now: now)
            return .failed(status: 502)
        }
        position = start
        open(fetch)
        return .fills
    }

    /// Where the response's body begins in the whole; nil if it can't be used.
    private func start(of response: ResponseHead) -> UInt64? {
        var announced: UInt64?
        if case .length(let length) = response.framing { announced = length }
        if response.status == 200 {
            // The origin doesn't do ranges this time: what lies before the piece is thrown away.
            return announced.map { $0 == body.length } ?? true ? 0 : nil
        }
        guard let value = response.block.value(of: .contentRange), response.block.count(of: .contentRange) == 1,
            let (range, length) = ByteRanges.contentRange(value), length == body.length,
            range.lowerBound == self.range.lowerBound, range.upperBound <= self.range.upperBound,
            range.upperBound >= body.range(first).upperBound,
            announced.map({ $0 == UInt64(range.count) }) ?? true
        else { return nil }
        return range.lowerBound
    }

    private func change(_ fetch: CacheFetch) {
        isOver = true
        body.change()
        fetch.cache.drop(whole, key: CacheKey(stored: Array(whole.keyBytes)))
        fetch.end(.retry)
        self.fetch = nil
    }

    /// There is no response, or it broke off.
    /// - Parameter status: what those who wait should answer.
    public func fail(status: Int, now: Int64) {
        isOver = true
        _ = fetch?.failed(status: status, now: now)
        fetch = nil
        fill?.abort()
        fill = nil
    }

    // MARK: The body

    /// The response to the whole's own request is what the run is fed with, from a byte on.
    func begin(at start: UInt64) {
        position = start
        if let fetch { open(fetch) }
    }

    private func open(_ fetch: CacheFetch) {
        fill = fetch.fillPiece(of: body, segment)
        self.fetch = nil
    }

    /// Adds a piece of the response's body.
    /// - Parameters:
    ///   - now: seconds.
    ///   - onDrained: called once, on some thread, after `pause`.
    public func append(_ bytes: Span<UInt8>, now: Int64, onDrained: @escaping @Sendable () -> Void) -> Step {
        var rest = 0
        var step = Step.goOn
        while rest < bytes.count, !isOver {
            let piece = body.range(segment)
            let isBefore = position < piece.lowerBound
            let limit = isBefore ? piece.lowerBound : piece.upperBound
            let count = Int(min(UInt64(bytes.count - rest), limit - position))
            if !isBefore, let fill {
                let part = [UInt8](bytes.extracting(rest..<rest + count))
                if !fill.append(part, now: now, onDrained: onDrained) { step = .pause }
            }
            rest += count
            position += UInt64(count)
            if position == piece.upperBound { step = endPiece(onDrained) }
        }
        return isOver && (rest < bytes.count || segment < end) ? .stop : step
    }

    /// Asked after a pause.
    public func goOn(onDrained: @escaping @Sendable () -> Void) -> Step {
        guard !isOver, position == body.range(segment).lowerBound else { return isOver ? .stop : .goOn }
        return demand(onDrained)
    }

    private func endPiece(_ onDrained: @escaping @Sendable () -> Void) -> Step {
        let full = fill
        fill = nil
        segment += 1
        // The next one is begun before this one ends, so that its readers find it there.
        if segment < end, let cache = full?.cache, let next = cache.begin(whole, body, segment) {
            open(next)
        } else {
            isOver = true
        }
        full?.finish()
        return isOver ? .goOn : demand(onDrained)
    }

    private func demand(_ onDrained: @escaping @Sendable () -> Void) -> Step {
        switch body.demand(at: segment, wakeup: onDrained) {
        case .goOn: return .goOn
        case .pause: return .pause
        case .none:
            isOver = true
            fill?.abort()
            fill = nil
            return .stop
        }
    }

    /// The response is complete.
    public func finish() {
        // A piece that is not whole by now never will be.
        fill?.abort()
        fill = nil
        isOver = true
    }
}

extension SegmentRun: CacheErrand {
    public var droppedFields: HeaderSet { Negotiation(of: whole).fields.union(.conditionsAndRanges) }

    /// Writes what the version in pieces was selected by.
    public func writeNegotiation(to writer: inout HeadWriter) { Negotiation(of: whole).write(to: &writer) }

    /// Writes Range and If-Range (RFC 9110 §13.1.5).
    public func writeConditions(to writer: inout HeadWriter) {
        let range = self.range
        writer.startField("Range")
        writer.bytes.append(contentsOf: "bytes=\(range.lowerBound)-\(range.upperBound - 1)".utf8)
        writer.endLine()
        Validators.writeIfRange(whole.fields(), to: &writer)
    }
}
