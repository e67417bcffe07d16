/// A page being put together: takes what happens and says what to do. No I/O, no clock, no thread; a value.
///
/// It never waits for a fragment unless what follows depends on it, so that all fragments are asked for at once; what
/// they give goes out in the order of the page.
public struct ESIAssembly {
    struct Fetch {
        enum State { case queued, running, streaming, gathering, done }

        var request: IncludeRequest
        var state = State.queued
        var status = 0
        var body: [UInt8] = []
        var usesAlternative = false
        var redirects = 0
        var isPaused = false
        /// The machine that waits for it; -1 for none.
        var waiter = -1
    }

    var page: Page
    var machines: [Machine]
    var fetches: [Fetch] = []
    var queue: [Int] = []
    var running = 0
    var actions: [ESIAction] = []
    var isPageEnded = false
    var isOver = false
    var clientIsFull = false
    /// Programs of the page that change the head and were not evaluated to their end.
    var headPrograms = 0
    var seenBytes = 0
    public private(set) var summary = ESISummary()

    /// - Parameter traces: keep a line for each decision, see ``trace``.
    public init(_ request: ESIRequest, settings: ESISettings, traces: Bool = false) {
        page = Page(request, settings: settings, traces: traces)
        machines = [Machine(scope: Output.root, chain: [page.own.text])]
    }

    /// The page's own URL, for compiling it.
    public var url: ESIURL { page.own }

    /// What was evaluated, fetched and skipped.
    public var trace: [ESITraceLine] { page.trace ?? [] }

    /// What `debug` elements said.
    public var debugLines: [[UInt8]] { page.debugLines }

    /// Whether more of the page should come now.
    public var wantsPage: Bool {
        !isOver && page.output.bufferedBytes < page.settings.maximumBufferedBytes && machines[0].inputs.count < 64
    }

    public mutating func on(_ event: ESIEvent) -> [ESIAction] {
        var actions: [ESIAction] = []
        on(CollectionOfOne(event), &actions)
        return actions
    }

    /// Takes what happened at once, and appends what is to be done.
    public mutating func on(_ events: some Sequence<ESIEvent>, _ actions: inout [ESIAction]) {
        guard !isOver else { return }
        swap(&self.actions, &actions)
        for event in events where !isOver { take(event) }
        work()
        swap(&self.actions, &actions)
    }

    private mutating func take(_ event: ESIEvent) {
        switch event {
        case .page(let program):
            machines[0].inputs.append(program)
            seenBytes += program.bytes.count
            if program.changesHead { headPrograms += 1 }
            wake(0)
        case .pageEnded:
            isPageEnded = true
            machines[0].inputEnded = true
            wake(0)
        case .pageFailed(let fault): fail(fault)
        case .fragment(let id, let fragment): fragmentCame(id, fragment)
        case .fragmentHead(let id, let status, let location, let isESI):
            fragmentBegan(id, status, location, isESI)
        case .fragmentBody(let id, let bytes): fragmentContinued(id, bytes)
        case .fragmentEnded(let id, let compiled): fragmentEnded(id, compiled)
        case .fragmentFailed(let id, let fault): if isLive(id) { fail(id, fault) }
        case .timeOver:
            fail(ESIFault(.timeout, "page_time", "the page took too long (esi.page_timeout_ms)"))
        case .clientIsFull: clientIsFull = true
        case .clientTakesMore: clientIsFull = false
        }
    }

    /// The page's input is no reason to wait any more.
    private mutating func wake(_ machine: Int) {
        if machines[machine].state == .awaitsInput { machines[machine].state = .ready }
    }

    // MARK: Work

    /// Goes on until everything waits for something outside.
    private mutating func work() {
        var goesOn = true
        while goesOn, !isOver {
            goesOn = false
            for index in machines.indices where machines[index].state == .ready {
                run(index)
                goesOn = true
                if isOver { return }
            }
            if takeCompleted() { goesOn = true }
        }
        guard !isOver else { return }
        startQueued()
        sendOut()
        startQueued()
    }

    private mutating func run(_ index: Int) {
        if page.output.scopes[machines[index].scope].isDead {
            machines[index].state = .done
            return
        }
        // Taken out, so that machine and page are changed without sharing.
        var machine = Machine(scope: 0, chain: [])
        swap(&machine, &machines[index])
        let fault = machine.run(&page)
        swap(&machine, &machines[index])
        cancelCleared()
        takeIncludes(of: index)
        for part in page.published { actions.append(.publish(part.url, part.text)) }
        page.published = []
        // One of its includes may have failed the fragment as a whole.
        guard machines[index].state != .dropped else { return }
        if let fault { return uncaught(fault, index) }
        if machines[index].state == .done { finished(index) }
    }

    mutating func cancelCleared() {
        let cleared = page.cancelled
        page.cancelled = []
        for id in cleared { cancel(id) }
    }

    /// A machine came to its end.
    private mutating func finished(_ index: Int) {
        machines[index].frames = []
        machines[index].variables = [:]
        page.output.close(machines[index].scope)
    }

    /// Scopes that are whole now: who waits for them goes on.
    private mutating func takeCompleted() -> Bool {
        guard !page.output.completed.isEmpty else { return false }
        let completed = page.output.completed
        page.output.completed = []
        for scope in completed {
            for index in machines.indices where machines[index].state == .awaitsScope(scope) {
                continueMachine(index, scope)
            }
        }
        return true
    }

    private mutating func continueMachine(_ index: Int, _ scope: Int) {
        let continuation = machines[index].continuation
        machines[index].continuation = .goOn
        machines[index].state = .ready
        switch continuation {
        case .goOn: break
        case .capture:
            let bytes = page.output.flatten(scope)
            guard !machines[index].captures.isEmpty else { return }
            machines[index].captures[machines[index].captures.count - 1].append(contentsOf: bytes)
        case .evaluate(let url):
            let bytes = page.output.flatten(scope)
            let compiled = ESIPage(bytes.span, settings: page.settings)
            push(compiled, url, index)
        }
    }

    /// Lets a machine evaluate a fragment in its own context.
    private mutating func push(_ compiled: ESIPage, _ url: [UInt8], _ index: Int) {
        machines[index].chain.append(url)
        // The last frame ends the fragment; the parts before it come first.
        for (position, program) in compiled.programs.reversed().enumerated() {
            machines[index].frames.append(
                Machine.Frame(
                    program: program, index: 0, end: Int32(program.nodes.count),
                    kind: position == 0 ? .evaluated : .block))
        }
        if compiled.programs.isEmpty { machines[index].chain.removeLast() }
    }

    mutating func noteInclude() { summary.includes += 1 }
    mutating func noteFailedInclude() { summary.failedIncludes += 1 }
    mutating func noteFragment(_ bytes: Int) { summary.fragmentBytes += Int64(bytes) }

    mutating func closeSummary() {
        summary.steps = page.budget.steps
        summary.outputBytes = page.output.totalBytes
        summary.faults = page.faultCounts
        summary.firstFault = page.firstFault
        summary.refusals = page.refusals
    }
}
