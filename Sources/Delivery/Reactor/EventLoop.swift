import CPlatform
import Glibc
import Synchronization

/// One thread that waits on epoll and calls the sources that are ready. One a core.
///
/// Everything but `execute`, `start`, `stop` and the immutable properties belongs to the loop's own thread;
/// that confinement is what makes the class safe to share.
public final class EventLoop: @unchecked Sendable {
    public let name: String
    public let options: EventLoopOptions

    /// Monotonic nanoseconds, read once a turn and by `refreshClock`.
    public internal(set) var now: Int64 {
        get { clock }
        set { clock = newValue }
    }
    // Behind a function, because an access to the property itself would be checked in other modules.
    @exclusivity(unchecked) private var clock: Int64
    /// Add to `now` for nanoseconds since 1970 (UTC); re-read every 100 ms.
    public internal(set) var wallOffset: Int64 {
        get { wallClock }
        set { wallClock = newValue }
    }
    @exclusivity(unchecked) private var wallClock: Int64 = 0

    /// Events that are taken together: their sockets are read, then what came is handled, then what that caused is sent.
    private static let eventsPerRound = 32

    let epoll: Int32
    let wakeup: Int32
    @exclusivity(unchecked) var timers: TimerWheel
    var dueTimers: [TimerWheel.Entry] = []
    @exclusivity(unchecked) var slots: ContiguousArray<LoopSource?> = []
    var generations: [UInt32] = []
    var freeSlots: [UInt32] = []
    /// Connections with output that has not been offered to the kernel yet.
    @exclusivity(unchecked) var unflushed: ContiguousArray<TCPConnection> = []
    /// Connections whose handlers take input again that TLS held back.
    @exclusivity(unchecked) var unread: ContiguousArray<TCPConnection> = []
    /// Where TLS opens records to; made with the first one.
    private(set) lazy var plainBuffer = makePlainBuffer()
    private var hasPlainBuffer = false
    @exclusivity(unchecked) var spareBuffers: [[UInt8]] = []
    let readBuffer: UnsafeMutableRawBufferPointer
    /// What was read of a round's sockets and not handled yet.
    let inputs = RoundInputs(count: eventsPerRound)
    private let eventBuffer: UnsafeMutableBufferPointer<epoll_event>
    @exclusivity(unchecked) private var nextWallRead: Int64 = 0

    private let mailbox = Mutex<[@Sendable () -> Void]>([])
    private let stopping = Atomic<Bool>(false)
    private let threadID = Atomic<UInt>(0)
    private var thread: pthread_t?

    public init(name: String, options: EventLoopOptions = EventLoopOptions()) throws(SystemError) {
        self.name = name
        self.options = options
        let epoll = squilla_epoll_create()
        guard epoll >= 0 else { throw SystemError(code: -epoll, operation: "epoll_create") }
        let wakeup = squilla_eventfd()
        guard wakeup >= 0 else {
            close(epoll)
            throw SystemError(code: -wakeup, operation: "eventfd")
        }
        self.epoll = epoll
        self.wakeup = wakeup
        clock = EventLoop.readClock()
        timers = TimerWheel(now: clock)
        readBuffer = .allocate(byteCount: options.readBufferBytes, alignment: 64)
        eventBuffer = .allocate(capacity: options.eventsPerTurn)
        _ = squilla_epoll_add(epoll, wakeup, squilla_epoll_in(), .max)
    }

    deinit {
        close(epoll)
        close(wakeup)
        readBuffer.deallocate()
        inputs.deallocate()
        eventBuffer.deallocate()
        if hasPlainBuffer { plainBuffer.deallocate() }
    }

    /// Runs `task` on the loop's thread, in order of the calls. From any thread; never blocks on the loop.
    public func execute(_ task: @escaping @Sendable () -> Void) {
        let wasEmpty = mailbox.withLock { tasks in
            tasks.append(task)
            return tasks.count == 1
        }
        if wasEmpty { squilla_eventfd_signal(wakeup) }
    }

    public var isCurrent: Bool { threadID.load(ordering: .relaxed) == UInt(pthread_self()) }

    /// Starts the thread. Once.
    public func start() {
        precondition(thread == nil, "a loop starts once")
        var id = pthread_t()
        let box = Unmanaged.passRetained(self)
        let code = pthread_create(
            &id, nil,
            { argument in
                guard let argument else { return nil }
                Unmanaged<EventLoop>.fromOpaque(argument).takeRetainedValue().run()
                return nil
            }, box.toOpaque())
        precondition(code == 0, "the system refuses a thread")
        thread = id
    }

    /// Closes every source and ends the thread; returns when it has ended. Not from the loop's own thread.
    public func stop() {
        guard let thread else { return }
        stopping.store(true, ordering: .releasing)
        squilla_eventfd_signal(wakeup)
        pthread_join(thread, nil)
        self.thread = nil
    }

    /// Reads the clock again, for a duration that spans one turn.
    @discardableResult
    public func refreshClock() -> Int64 {
        now = EventLoop.readClock()
        return now
    }

    private func makePlainBuffer() -> UnsafeMutableRawBufferPointer {
        hasPlainBuffer = true
        return .allocate(byteCount: TLSSession.recordBytes, alignment: 64)
    }

    /// Microseconds since 1970 (UTC) as of `now`.
    public var wallMicroseconds: Int64 { (now + wallOffset) / 1000 }

    private func run() {
        threadID.store(UInt(pthread_self()), ordering: .relaxed)
        squilla_name_thread(name)
        updateClocks()
        while !stopping.load(ordering: .acquiring) {
            turn()
        }
        runMailbox()
        closeAllSources()
    }

    private func turn() {
        var timeout: Int32 = 60_000
        if let wait = timers.nanosecondsToNextEntry(now: now) {
            timeout = Int32(min(60_000, (wait + 999_999) / 1_000_000))
        }
        let count = squilla_epoll_wait(epoll, eventBuffer.baseAddress, Int32(eventBuffer.count), timeout)
        updateClocks()
        if count > 0 {
            for first in stride(from: 0, to: Int(count), by: EventLoop.eventsPerRound) {
                takeRound(first..<min(first + EventLoop.eventsPerRound, Int(count)))
            }
        }
        expireTimers()
    }

    /// Each of the three parts by itself: the kernel's code for one kind of call stays at hand, and so does ours. Sent
    /// together, so that a peer with several connections is woken once for all answers.
    private func takeRound(_ round: Range<Int>) {
        for index in round {
            let event = eventBuffer[index]
            source(of: event.data.u64)?.readAhead(event.events, place: index - round.lowerBound)
        }
        for index in round {
            let event = eventBuffer[index]
            dispatch(token: event.data.u64, events: event.events)
        }
        flushAll()
    }

    private func dispatch(token: UInt64, events: UInt32) {
        if token == .max {
            squilla_eventfd_clear(wakeup)
            runMailbox()
            return
        }
        source(of: token)?.ready(events)
    }

    private func runMailbox() {
        var tasks: [@Sendable () -> Void] = []
        mailbox.withLock { swap(&$0, &tasks) }
        for task in tasks { task() }
        flushAll()
    }

    private func expireTimers() {
        timers.expire(now: now, into: &dueTimers)
        guard !dueTimers.isEmpty else { return }
        var due: [TimerWheel.Entry] = []
        swap(&due, &dueTimers)
        for entry in due {
            guard let source = source(of: entry.token), source.armedTick == entry.tick else { continue }
            source.armedTick = .max
            if source.deadline > now {
                source.setDeadline(source.deadline)
            } else {
                source.deadline = .max
                source.deadlinePassed()
                flushAll()
            }
        }
        due.removeAll(keepingCapacity: due.capacity <= 1024)
        if dueTimers.isEmpty { swap(&due, &dueTimers) }
    }

    private func updateClocks() {
        now = EventLoop.readClock()
        if now >= nextWallRead {
            var time = timespec()
            clock_gettime(CLOCK_REALTIME, &time)
            wallOffset = Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec) - now
            nextWallRead = now + 100_000_000
        }
    }

    private static func readClock() -> Int64 {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
    }
}
