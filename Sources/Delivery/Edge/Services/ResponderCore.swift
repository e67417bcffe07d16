import Reactor
import Synchronization

/// What a responder and its exchange share. Any thread may ask for operations; they are performed on the loop.
final class ResponderCore: Sendable {
    static let highWaterBytes = 256 * 1024
    /// A held writer goes on below this; not above the loop's own low-water mark, which is what reports it.
    static let lowWaterBytes = 64 * 1024
    static let maximumQueuedBytes = 64 << 20

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

    /// The service let go of its responder.
    func abandon() {
        let isUnfinished = state.withLock { !$0.isFinished && !$0.isClosed }
        guard isUnfinished else { return }
        loop.execute { self.target.exchange?.serviceAbandoned() }
    }

    func start(status: Int, headers: [(String, String)]) {
        enqueue(.start(status: status, headers: headers)) { state in
            guard !state.hasStarted else { return false }
            state.hasStarted = true
            return true
        }
    }

    func write(_ bytes: [UInt8]) -> Bool {
        guard !bytes.isEmpty else { return !isClosed }
        enqueue(.write(bytes)) { state in
            guard state.hasStarted else { return false }
            state.queuedBytes += bytes.count
            return true
        }
        return state.withLock { state in
            if state.isClosed { return false }
            if state.queuedBytes > ResponderCore.highWaterBytes { state.isHeld = true }
            return !state.isHeld
        }
    }

    func finish() {
        enqueue(.finish) { state in
            guard state.hasStarted else { return false }
            state.isFinished = true
            return true
        }
    }

    func abort() {
        enqueue(.abort) { state in
            state.isFinished = true
            return true
        }
    }

    var isClosed: Bool { state.withLock { $0.isClosed } }

    func onClose(_ action: @escaping @Sendable () -> Void) {
        let isLate = state.withLock { state in
            if state.isClosed { return true }
            state.closeActions.append(action)
            return false
        }
        if isLate { action() }
    }

    func onDrained(_ action: @escaping @Sendable () -> Void) {
        let (isReady, _) = state.withLock { state -> (Bool, (@Sendable () -> Void)?) in
            // One that is over calls nobody, and must not keep who may hold it.
            if state.isClosed { return (false, nil) }
            let earlier = state.drainAction
            state.drainAction = action
            return (!state.isHeld && state.hasStarted, earlier)
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
        let outcome: (resume: (@Sendable () -> Void)?, waiting: Int) = state.withLock { state in
            var waiting = queued
            for case .write(let bytes) in state.operations { waiting += bytes.count }
            state.queuedBytes = waiting
            guard state.isHeld, waiting <= ResponderCore.lowWaterBytes else { return (nil, waiting) }
            state.isHeld = false
            return (state.drainAction, waiting)
        }
        if outcome.waiting > ResponderCore.maximumQueuedBytes { target.exchange?.serviceAbandoned() }
        // The writer may be about to hold itself: whoever holds must hear when little is left.
        if outcome.waiting > ResponderCore.lowWaterBytes { target.exchange?.connection?.reportWhenLow() }
        outcome.resume?()
    }

    /// The exchange is over, by its end or because the client went.
    func close() {
        target.exchange = nil
        // What is let go may hold the responder, whose end takes the lock: it goes after the lock is given back.
        let last = state.withLock { state in
            let last = state
            state = State()
            state.hasStarted = last.hasStarted
            state.isFinished = last.isFinished
            state.isClosed = true
            return last
        }
        guard !last.isClosed, !last.isFinished else { return }
        for action in last.closeActions { action() }
    }
}
