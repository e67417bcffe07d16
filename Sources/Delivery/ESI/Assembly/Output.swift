/// What a page has put out and what waits: a tree of scopes in document order. A scope is the page, a fragment, or an
/// `attempt` whose outcome is open; it holds bytes and, in their places, the scopes within it.
struct Output {
    /// Bytes or a scope, and what comes behind it. All lie in one list, so that a scope has no memory of its own.
    private struct Segment {
        var bytes: ArraySlice<UInt8>
        /// -1 for bytes.
        var scope: Int
        var next: Int
    }

    struct Scope {
        var parent: Int
        /// The first segment that has not gone out, and the last; -1 where there is none.
        var first = -1
        var last = -1
        /// Small pieces, gathered.
        var tail: [UInt8] = []
        /// Nothing goes out before it is complete.
        var isHeld = false
        /// Nothing more comes but from the scopes within it.
        var isClosed = false
        /// Scopes within it that are not complete.
        var unfinished = 0
        var isComplete = false
        var isDead = false
        var hasEmitted = false
        /// The fetch whose fragment it holds; -1 for none.
        var fetch = -1
        /// An `attempt` that can still fail.
        var isAttempt = false
        var late: LateAttempt?

        init(parent: Int) { self.parent = parent }
    }

    /// What an `except` needs that runs after the page has gone on.
    final class LateAttempt {
        let program: ESIProgram
        let branches: Range<Int32>
        let machine: Machine
        let place: ESIPlace

        init(program: ESIProgram, branches: Range<Int32>, machine: Machine, place: ESIPlace) {
            self.program = program
            self.branches = branches
            self.machine = machine
            self.place = place
        }
    }

    /// Pieces from here on are passed on without a copy.
    private static let largePiece = 64
    private static let tailBytes = 16 << 10

    private(set) var scopes = [Scope(parent: -1)]
    private var spare: [Int] = []
    private var segments: [Segment] = []
    /// The first segment that is free; they are linked as the others are.
    private var free = -1
    /// Bytes that wait to go out.
    private(set) var bufferedBytes = 0
    private(set) var totalBytes = 0
    /// Scopes that became complete and nobody was told of yet.
    var completed: [Int] = []

    static let root = 0

    // MARK: Segments

    private mutating func link(_ bytes: ArraySlice<UInt8>, _ inner: Int, to scope: Int) {
        let segment = Segment(bytes: bytes, scope: inner, next: -1)
        let index: Int
        if free >= 0 {
            index = free
            free = segments[index].next
            segments[index] = segment
        } else {
            index = segments.count
            segments.append(segment)
        }
        if scopes[scope].last >= 0 {
            segments[scopes[scope].last].next = index
        } else {
            scopes[scope].first = index
        }
        scopes[scope].last = index
    }

    /// Takes a scope's first segment out.
    private mutating func unlinkFirst(_ scope: Int) {
        let index = scopes[scope].first
        scopes[scope].first = segments[index].next
        if scopes[scope].first < 0 { scopes[scope].last = -1 }
        segments[index].bytes = []
        segments[index].next = free
        free = index
    }

    // MARK: Scopes

    private mutating func take(_ scope: Scope) -> Int {
        if let index = spare.popLast() {
            scopes[index] = scope
            return index
        }
        scopes.append(scope)
        return scopes.count - 1
    }

    /// Opens a scope at the end of another.
    mutating func open(in parent: Int) -> Int {
        let index = take(Scope(parent: parent))
        flushTail(parent)
        link([], index, to: parent)
        scopes[parent].unfinished += 1
        return index
    }

    /// Opens a scope whose bytes are taken out with `flatten`.
    mutating func openDetached() -> Int { take(Scope(parent: -1)) }

    mutating func setFetch(_ fetch: Int, of scope: Int) { scopes[scope].fetch = fetch }

    mutating func hold(_ scope: Int) {
        scopes[scope].isHeld = true
        scopes[scope].isAttempt = true
    }

    mutating func setLate(_ late: LateAttempt?, of scope: Int) { scopes[scope].late = late }

    /// Nothing more comes into a scope.
    mutating func close(_ scope: Int) {
        guard !scopes[scope].isDead, !scopes[scope].isClosed else { return }
        scopes[scope].isClosed = true
        complete(scope)
    }

    private mutating func complete(_ scope: Int) {
        var index = scope
        while index >= 0, scopes[index].isClosed, scopes[index].unfinished == 0, !scopes[index].isComplete {
            scopes[index].isComplete = true
            scopes[index].isAttempt = false
            scopes[index].late = nil
            completed.append(index)
            index = scopes[index].parent
            if index >= 0 { scopes[index].unfinished -= 1 }
        }
    }

    /// Empties a scope for something else, and gives the fetches of what was in it.
    mutating func clear(_ scope: Int) -> [Int] {
        var fetches: [Int] = []
        while scopes[scope].first >= 0 {
            let segment = segments[scopes[scope].first]
            unlinkFirst(scope)
            bufferedBytes -= segment.bytes.count
            guard segment.scope >= 0 else { continue }
            fetches += clear(segment.scope)
            if scopes[segment.scope].fetch >= 0 { fetches.append(scopes[segment.scope].fetch) }
            scopes[segment.scope].isDead = true
            scopes[segment.scope].parent = -1
        }
        bufferedBytes -= scopes[scope].tail.count
        scopes[scope].tail = []
        scopes[scope].unfinished = 0
        scopes[scope].isHeld = false
        scopes[scope].isAttempt = false
        scopes[scope].late = nil
        scopes[scope].isClosed = false
        return fetches
    }

    // MARK: Bytes

    mutating func append(_ bytes: ArraySlice<UInt8>, to scope: Int) {
        guard !scopes[scope].isDead else { return }
        bufferedBytes += bytes.count
        totalBytes += bytes.count
        if bytes.count < Output.largePiece {
            scopes[scope].tail.append(contentsOf: bytes)
            if scopes[scope].tail.count >= Output.tailBytes { flushTail(scope) }
        } else {
            flushTail(scope)
            link(bytes, -1, to: scope)
        }
    }

    /// Lets something append to the gathered pieces.
    mutating func append(to scope: Int, _ body: (inout [UInt8]) -> Void) {
        guard !scopes[scope].isDead else { return }
        let before = scopes[scope].tail.count
        body(&scopes[scope].tail)
        let count = scopes[scope].tail.count - before
        bufferedBytes += count
        totalBytes += count
        if scopes[scope].tail.count >= Output.tailBytes { flushTail(scope) }
    }

    private mutating func flushTail(_ scope: Int) {
        guard !scopes[scope].tail.isEmpty else { return }
        var tail: [UInt8] = []
        swap(&tail, &scopes[scope].tail)
        link(tail[...], -1, to: scope)
    }

    /// Takes all bytes of a complete scope.
    mutating func flatten(_ scope: Int) -> [UInt8] {
        flushTail(scope)
        var out: [UInt8] = []
        while scopes[scope].first >= 0 {
            let segment = segments[scopes[scope].first]
            unlinkFirst(scope)
            bufferedBytes -= segment.bytes.count
            out.append(contentsOf: segment.scope >= 0 ? flatten(segment.scope)[...] : segment.bytes)
        }
        return out
    }

    // MARK: Going out

    /// Whether something could go out now, or nothing is left to wait for.
    func hasNext(_ scope: Int = Output.root) -> Bool {
        if scopes[scope].isHeld, !scopes[scope].isComplete { return false }
        var index = scopes[scope].first
        while index >= 0 {
            let inner = segments[index].scope
            if inner < 0 { return true }
            if hasNext(inner) { return true }
            if !scopes[inner].isComplete { return false }
            index = segments[index].next
        }
        return !scopes[scope].tail.isEmpty || scope == Output.root && scopes[scope].isComplete
    }

    /// Hands on what is next in document order, as far as it is sure.
    /// - Returns: the scope that all waits for; -1 when everything is out.
    mutating func drain(_ scope: Int = Output.root, _ emit: (ArraySlice<UInt8>) -> Void) -> Int {
        if scopes[scope].isHeld, !scopes[scope].isComplete { return scope }
        flushTail(scope)
        while scopes[scope].first >= 0 {
            let segment = segments[scopes[scope].first]
            if segment.scope < 0 {
                bufferedBytes -= segment.bytes.count
                if !scopes[scope].hasEmitted { markEmitted(scope) }
                emit(segment.bytes)
            } else {
                let waits = drain(segment.scope, emit)
                if waits >= 0 { return waits }
                spare.append(segment.scope)
                scopes[segment.scope] = Scope(parent: -1)
            }
            unlinkFirst(scope)
        }
        return scopes[scope].isComplete ? -1 : scope
    }

    private mutating func markEmitted(_ scope: Int) {
        var index = scope
        while index >= 0, !scopes[index].hasEmitted {
            scopes[index].hasEmitted = true
            index = scopes[index].parent
        }
    }
}
