import Reactor
import Synchronization

/// The way a service answers one request: from any thread, in pieces, with back-pressure. If it is let go without
/// `finish`, the client sees a broken response.
public final class Responder: Sendable {
    /// `write` returns false when more than this waits for the client.
    public static let highWaterBytes = 256 * 1024
    /// A writer that does not heed that loses its connection here.
    public static let maximumQueuedBytes = 64 << 20

    private struct State {
        var hasStarted = false
        var isFinished = false
        var isClosed = false
        var operations: [Operation] = []
        var isScheduled = false
        /// Bytes accepted and not yet taken by the kernel, as far as known.
        var queuedBytes = 0
        var isHeld = false
        var closeActions: [@Sendable () -> Void] = []
        var drainAction: (@Sendable () -> Void)?
    }

    enum Operation: Sendable {
        case start(status: Int, headers: [(String, String)])
        case write([UInt8])
        case finish
        case abort
    }

    private let state = Mutex(State())
    private let loop: EventLoop
    /// Touched on the loop only; cleared when the exchange is over.
    private let target: Target

    /// The exchange behind a responder, confined to the loop.
    final class Target: @unchecked Sendable {
        var exchange: Exchange?

        init(_ exchange: Exchange) { self.exchange = exchange }
    }

    init(_ exchange: Exchange, loop: EventLoop) {
        self.loop = loop
        target = Target(exchange)
    }

    deinit {
        let unfinished = state.withLock { !$0.isFinished && !$0.isClosed }
        guard unfinished else { return }
        let target = self.target
        loop.execute { target.exchange?.serviceAbandoned() }
    }

    /// Sends status and headers. With a `Content-Length` the body must have that length; without, it is chunked.
    public func start(status: Int, headers: [(String, String)]) {
        enqueue(.start(status: status, headers: headers)) { state in
            guard !state.hasStarted else { return false }
            state.hasStarted = true
            return true
        }
    }

    /// Sends a piece of the body. Returns whether to go on; if not, wait for `onDrained`, or stop when `isClosed`.
    @discardableResult
    public func write(_ bytes: [UInt8]) -> Bool {
        guard !bytes.isEmpty else { return !isClosed }
        enqueue(.write(bytes)) { state in
            guard state.hasStarted else { return false }
            state.queuedBytes += bytes.count
            return true
        }
        return state.withLock { state in
            if state.isClosed { return false }
            if state.queuedBytes > Responder.highWaterBytes { state.isHeld = true }
            return !state.isHeld
        }
    }

    /// Ends the response.
    public func finish() {
        enqueue(.finish) { state in
            guard state.hasStarted else { return false }
            state.isFinished = true
            return true
        }
    }

    /// Breaks the response off, so that the client does not take it for a whole one.
    public func abort() {
        enqueue(.abort) { state in
            state.isFinished = true
            return true
        }
    }

    /// A small answer at once.
    public func respond(status: Int, headers: [(String, String)] = [], body: [UInt8]) {
        start(status: status, headers: headers + [("Content-Length", String(body.count))])
        write(body)
        finish()
    }

    /// The client is gone, or the response is over.
    public var isClosed: Bool { state.withLock { $0.isClosed } }

    /// Called once when the client goes before the response is finished; at once if it is gone already.
    public func onClose(_ action: @escaping @Sendable () -> Void) {
        let isLate = state.withLock { state in
            if state.isClosed { return true }
            state.closeActions.append(action)
            return false
        }
        if isLate { action() }
    }

    /// Called, on the loop, each time that writing may go on after `write` returned false. Replaces an earlier one.
    public func onDrained(_ action: @escaping @Sendable () -> Void) {
        let isReady = state.withLock { state in
            state.drainAction = action
            return !state.isHeld && state.hasStarted && !state.isClosed
        }
        if isReady { action() }
    }

    private func enqueue(_ operation: Operation, _ admit: (inout State) -> Bool) {
        let schedules = state.withLock { state in
            guard !state.isClosed, !state.isFinished, admit(&state) else { return false }
            state.operations.append(operation)
            defer { state.isScheduled = true }
            return !state.isScheduled
        }
        guard schedules else { return }
        if loop.isCurrent { apply() } else { loop.execute { self.apply() } }
    }

    // MARK: On the loop

    private func apply() {
        while true {
            let operations = state.withLock { state in
                let operations = state.operations
                state.operations = []
                if operations.isEmpty { state.isScheduled = false }
                return operations
            }
            if operations.isEmpty { return }
            for operation in operations { target.exchange?.apply(operation) }
            if let exchange = target.exchange { noteProgress(queued: exchange.queuedBytes) }
        }
    }

    /// What still waits in the connection; lets a held writer go on when it is little.
    func noteProgress(queued: Int) {
        let outcome: (resume: (@Sendable () -> Void)?, isTooMuch: Bool) = state.withLock { state in
            var waiting = queued
            for case .write(let bytes) in state.operations { waiting += bytes.count }
            state.queuedBytes = waiting
            guard state.isHeld, waiting <= Responder.highWaterBytes / 4 else {
                return (nil, waiting > Responder.maximumQueuedBytes)
            }
            state.isHeld = false
            return (state.drainAction, false)
        }
        if outcome.isTooMuch { target.exchange?.serviceAbandoned() }
        outcome.resume?()
    }

    /// The exchange is over, by its end or because the client went.
    func close() {
        target.exchange = nil
        let actions = state.withLock { state -> [@Sendable () -> Void] in
            guard !state.isClosed else { return [] }
            state.isClosed = true
            state.operations = []
            state.drainAction = nil
            defer { state.closeActions = [] }
            return state.isFinished ? [] : state.closeActions
        }
        for action in actions { action() }
    }
}
