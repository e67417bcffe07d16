/// What a page has put out and what waits: a tree of scopes in document order. A scope is the page, a fragment, or an
/// `attempt` whose outcome is open; it holds bytes and, in their places, the scopes within it.
struct Output {
    enum Segment {
        case bytes(ArraySlice<UInt8>)
        case scope(Int)
    }

    struct Scope {
        var parent: Int
        var segments: [Segment] = []
        /// The first segment that has not gone out.
        var next = 0
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
    struct LateAttempt {
        var program: ESIProgram
        var branches: Range<Int32>
        var machine: Machine
        var place: ESIPlace
    }

    /// Pieces from here on are passed on without a copy.
    private static let largePiece = 512
    private static let tailBytes = 16 << 10

    private(set) var scopes = [Scope(parent: -1)]
    private var spare: [Int] = []
    /// Bytes that wait to go out.
    private(set) var bufferedBytes = 0
    private(set) var totalBytes = 0
    /// Scopes that became complete and nobody was told of yet.
    var completed: [Int] = []

    static let root = 0

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
        scopes[parent].segments.append(.scope(index))
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
        for segment in scopes[scope].segments[scopes[scope].next...] {
            switch segment {
            case .bytes(let bytes): bufferedBytes -= bytes.count
            case .scope(let inner):
                fetches += clear(inner)
                if scopes[inner].fetch >= 0 { fetches.append(scopes[inner].fetch) }
                scopes[inner].isDead = true
                scopes[inner].parent = -1
            }
        }
        bufferedBytes -= scopes[scope].tail.count
        scopes[scope].tail = []
        scopes[scope].segments = []
        scopes[scope].next = 0
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
            scopes[scope].segments.append(.bytes(bytes))
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
        scopes[scope].segments.append(.bytes(tail[...]))
    }

    /// Takes all bytes of a complete scope.
    mutating func flatten(_ scope: Int) -> [UInt8] {
        flushTail(scope)
        var out: [UInt8] = []
        for segment in scopes[scope].segments {
            switch segment {
            case .bytes(let bytes):
                bufferedBytes -= bytes.count
                out.append(contentsOf: bytes)
            case .scope(let inner): out.append(contentsOf: flatten(inner))
            }
        }
        scopes[scope].segments = []
        return out
    }

    // MARK: Going out

    /// Whether something could go out now, or nothing is left to wait for.
    func hasNext(_ scope: Int = Output.root) -> Bool {
        if scopes[scope].isHeld, !scopes[scope].isComplete { return false }
        for segment in scopes[scope].segments[scopes[scope].next...] {
            switch segment {
            case .bytes(let bytes): if !bytes.isEmpty { return true }
            case .scope(let inner):
                if hasNext(inner) { return true }
                if !scopes[inner].isComplete { return false }
            }
        }
        return !scopes[scope].tail.isEmpty || scope == Output.root && scopes[scope].isComplete
    }

    /// Hands on what is next in document order, as far as it is sure.
    /// - Returns: the scope that all waits for; -1 when everything is out.
    mutating func drain(_ scope: Int = Output.root, _ emit: (ArraySlice<UInt8>) -> Void) -> Int {
        if scopes[scope].isHeld, !scopes[scope].isComplete { return scope }
        flushTail(scope)
        while scopes[scope].next < scopes[scope].segments.count {
            switch scopes[scope].segments[scopes[scope].next] {
            case .bytes(let bytes):
                bufferedBytes -= bytes.count
                scopes[scope].hasEmitted = true
                markEmitted(scope)
                emit(bytes)
            case .scope(let inner):
                let waits = drain(inner, emit)
                if waits >= 0 { return waits }
                spare.append(inner)
                scopes[inner] = Scope(parent: -1)
            }
            scopes[scope].segments[scopes[scope].next] = .bytes([])
            scopes[scope].next += 1
        }
        scopes[scope].segments.removeAll(keepingCapacity: true)
        scopes[scope].next = 0
        return scopes[scope].isComplete ? -1 : scope
    }

    private mutating func markEmitted(_ scope: Int) {
        var index = scopes[scope].parent
        while index >= 0, !scopes[index].hasEmitted {
            scopes[index].hasEmitted = true
            index = scopes[index].parent
        }
    }
}
