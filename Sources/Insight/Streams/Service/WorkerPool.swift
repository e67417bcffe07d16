import Runtime

/// Work that is done in steps by a pool of threads.
protocol SteppedTask: AnyObject, Sendable {
    /// Does a slice of the work, some milliseconds at most.
    func step() -> StepResult
    /// The pool ends before the work does. Called once, and no step after it.
    func abandon()
}

enum StepResult {
    /// There is more to do now.
    case again
    /// Nothing to do until woken, or until the next tick.
    case wait
    case done
}

/// A few threads that take turns at many queries, so that a long one holds up no other and a live one that waits
/// holds no thread.
final class WorkerPool: Sendable {
    private enum Phase {
        case idle
        case queued
        case running
        /// Woken while it ran: goes to the queue when its step ends.
        case runningAndWoken
    }

    private struct Known: Sendable {
        let task: any SteppedTask
        /// Counts up from task to task.
        let number: UInt64
    }

    private struct State: Sendable {
        var queue: [any SteppedTask] = []
        var head = 0
        var phases: [ObjectIdentifier: Phase] = [:]
        var tasks: [ObjectIdentifier: Known] = [:]
        var added: UInt64 = 0
        var nextTick: Int64 = 0
        var isStopping = false
        var runningThreads: Int
    }

    private let state: Monitor<State>
    private let tickNanoseconds: Int64

    init(threads: Int, tickMilliseconds: Int) {
        self.state = Monitor(State(runningThreads: threads))
        self.tickNanoseconds = Int64(tickMilliseconds) * 1_000_000
        for index in 0..<threads {
            let state = state
            let tick = tickNanoseconds
            Thread.start(name: "query-\(index)") { WorkerPool.run(state, tick) }
        }
    }

    deinit { state.update { $0.isStopping = true } }

    /// Hands a task to the pool, which keeps it until it is done.
    func add(_ task: any SteppedTask) {
        state.update { state in
            state.added += 1
            state.tasks[ObjectIdentifier(task)] = Known(task: task, number: state.added)
            state.phases[ObjectIdentifier(task)] = .queued
            state.queue.append(task)
        }
    }

    /// There may be something to do for the task. From any thread; unknown tasks are ignored.
    func wake(_ task: any SteppedTask) {
        let id = ObjectIdentifier(task)
        let isNews = state.withLock { state -> Bool in
            switch state.phases[id] {
            case .idle: return true
            case .running:
                state.phases[id] = .runningAndWoken
                return false
            default: return false
            }
        }
        guard isNews else { return }
        state.update { state in
            if state.phases[id] == .idle { Self.enqueue(task, &state) }
        }
    }

    /// Ends the threads when their current step is done, and tells the tasks that are left.
    func stop() {
        state.update { $0.isStopping = true }
        _ = state.wait { $0.runningThreads == 0 ? true : nil }
        let left = state.withLock { state in
            let tasks = state.tasks.values.map(\.task)
            state.tasks = [:]
            state.phases = [:]
            state.queue = []
            state.head = 0
            return tasks
        }
        for task in left { task.abandon() }
    }

    /// One step of a task that is ready, for a pool without threads: simulations are one thread that does it all.
    ///
    /// - Parameter isTick: tasks that wait for nothing in particular are ready as well.
    /// - Returns: whether there was one.
    func turn(isTick: Bool) -> Bool {
        let task = state.withLock { state -> (any SteppedTask)? in
            if isTick { Self.queueIdle(&state) }
            return Self.next(&state)
        }
        guard let task else { return false }
        let result = task.step()
        state.withLock { Self.finishStep(task, result, &$0) }
        return true
    }

    /// Queues what waits, in an order that only the order of `add` decides.
    private static func queueIdle(_ state: inout State) {
        let idle = state.tasks.filter { state.phases[$0.key] == .idle }.values
        for known in idle.sorted(by: { $0.number < $1.number }) { enqueue(known.task, &state) }
    }

    private static func enqueue(_ task: any SteppedTask, _ state: inout State) {
        let id = ObjectIdentifier(task)
        if state.phases[id] == .running {
            state.phases[id] = .runningAndWoken
        } else {
            state.phases[id] = .queued
            state.queue.append(task)
        }
    }

    private static func next(_ state: inout State) -> (any SteppedTask)? {
        guard state.head < state.queue.count else { return nil }
        let task = state.queue[state.head]
        state.head += 1
        if state.head > 64, state.head * 2 > state.queue.count {
            state.queue.removeFirst(state.head)
            state.head = 0
        }
        state.phases[ObjectIdentifier(task)] = .running
        return task
    }

    private static func run(_ monitor: Monitor<State>, _ tick: Int64) {
        let clock = SystemClock()
        enum Turn { case task(any SteppedTask), stop }
        while true {
            // Without a task there is no tick either.
            let isIdle = monitor.withLock { $0.tasks.isEmpty }
            let turn = monitor.wait(timeoutNanoseconds: isIdle ? nil : tick) { state -> Turn? in
                if state.isStopping { return .stop }
                let now = clock.monotonicNanoseconds()
                if now >= state.nextTick {
                    state.nextTick = now + tick
                    queueIdle(&state)
                }
                return next(&state).map { .task($0) }
            }
            switch turn {
            case nil: continue
            case .stop:
                monitor.update { $0.runningThreads -= 1 }
                return
            case .task(let task):
                let result = task.step()
                // Nobody needs to be woken: this thread looks at the queue next, and stays with its task if it can.
                monitor.withLock { finishStep(task, result, &$0) }
            }
        }
    }

    private static func finishStep(_ task: any SteppedTask, _ result: StepResult, _ state: inout State) {
        let id = ObjectIdentifier(task)
        let wasWoken = state.phases[id] == .runningAndWoken
        switch result {
        case .done:
            state.phases[id] = nil
            state.tasks[id] = nil
        case .again:
            state.phases[id] = .queued
            state.queue.append(task)
        case .wait where wasWoken:
            state.phases[id] = .queued
            state.queue.append(task)
        case .wait:
            state.phases[id] = .idle
        }
    }
}
