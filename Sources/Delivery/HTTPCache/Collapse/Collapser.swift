import Bytes
import HTTPWire

/// Fetches under way and who waits for them, so that many requests for one thing become one fetch. A value without
/// I/O: its owner holds the lock and calls the wake-ups that it hands out.
struct Collapser {
    /// What becomes of a request that the store can't answer.
    enum Join {
        /// Fetch, and say how it ended under this number.
        case lead(UInt64)
        case wait(UInt64)
        case attach(CachedObject)
    }

    struct Fetch {
        let number: UInt64
        let key: [UInt8]
        /// By the variants known before, which one this fetch is for; nil when none is known.
        let predicted: [UInt8]?
        /// Others may wait for it and read along.
        let isShared: Bool
        /// It asks for a part as its client asked for it, to learn what the whole is like.
        let isPartial: Bool
        /// It reads from disk.
        var isLoad = false
        /// Of the purges when it began.
        let generation: UInt64
        /// The response, once its head has come and it is to be stored.
        var object: CachedObject?
        var waiters: [(ticket: UInt64, wakeup: CollapseWakeup)] = []
    }

    /// By hash of the key.
    private var fetches: [PrehashedKey: [Fetch]] = [:]
    private var nextNumber: UInt64 = 0
    var hitForMiss = HitForMiss()

    private subscript(hash: UInt64) -> [Fetch]? {
        get { fetches[PrehashedKey(hash)] }
        _modify { yield &fetches[PrehashedKey(hash)] }
    }

    /// Joins a shared fetch, or starts one.
    /// - Parameters:
    ///   - predicted: see ``Fetch/predicted``.
    ///   - wakeup: made only if the request has to wait.
    mutating func join(
        hash: UInt64, key: [UInt8], request: HeaderBlock, predicted: [UInt8]?, generation: UInt64,
        isPartial: Bool = false, vary: VaryRules, wakeup: () -> CollapseWakeup
    ) -> Join {
        switch choose(hash: hash, key: key, request: request, predicted: predicted, isPartial: isPartial, vary) {
        case .attach(let object): return .attach(object)
        case .wait(let index):
            let ticket = takeNumber()
            // In place: a copy for each of ten thousand waiters would cost seconds.
            self[hash]?[index].waiters.append((ticket, wakeup()))
            return .wait(ticket)
        case .lead: break
        }
        return .lead(
            start(
                hash: hash, key: key, predicted: predicted, isShared: true, isPartial: isPartial, generation: generation
            ))
    }

    private enum Choice {
        case lead
        case wait(index: Int)
        case attach(CachedObject)
    }

    private func choose(
        hash: UInt64, key: [UInt8], request: HeaderBlock, predicted: [UInt8]?, isPartial: Bool, _ vary: VaryRules
    ) -> Choice {
        guard let list = self[hash] else { return .lead }
        for index in list.indices where list[index].isShared && list[index].key == key {
            guard list[index].isPartial == isPartial else { continue }
            if let object = list[index].object {
                if object.selects(request, vary) { return .attach(object) }
                continue
            }
            if let left = list[index].predicted, let right = predicted, left != right { continue }
            return .wait(index: index)
        }
        return .lead
    }

    /// Whether a fetch under way already has a response that this request may read along with.
    func attachable(hash: UInt64, key: [UInt8], request: HeaderBlock, vary: VaryRules) -> CachedObject? {
        guard let list = self[hash] else { return nil }
        for fetch in list where fetch.isShared && fetch.key == key {
            if let object = fetch.object, object.selects(request, vary) { return object }
        }
        return nil
    }

    /// Waits for what is being read from disk; nil if it isn't.
    mutating func joinLoad(hash: UInt64, key: [UInt8], wakeup: () -> CollapseWakeup) -> UInt64? {
        guard let index = self[hash]?.firstIndex(where: { $0.isLoad && $0.key == key }) else { return nil }
        let ticket = takeNumber()
        self[hash]?[index].waiters.append((ticket, wakeup()))
        return ticket
    }

    /// Begins to read from disk for all.
    mutating func startLoad(hash: UInt64, key: [UInt8], generation: UInt64) -> UInt64 {
        let number = start(hash: hash, key: key, predicted: nil, isShared: true, generation: generation)
        if let index = index(hash, number) { self[hash]?[index].isLoad = true }
        return number
    }

    /// Whether anybody fetches this for all.
    func isFetching(hash: UInt64, key: [UInt8]) -> Bool {
        self[hash]?.contains { $0.isShared && $0.key == key } ?? false
    }

    /// Whether this response is being fetched, and no purge forgot it.
    func isUnderWay(_ object: CachedObject, hash: UInt64) -> Bool {
        self[hash]?.contains { $0.object?.serial == object.serial } ?? false
    }

    /// Starts a fetch.
    mutating func start(
        hash: UInt64, key: [UInt8], predicted: [UInt8]?, isShared: Bool, isPartial: Bool = false, generation: UInt64
    ) -> UInt64 {
        let number = takeNumber()
        fetches[PrehashedKey(hash), default: []].append(
            Fetch(
                number: number, key: key, predicted: predicted, isShared: isShared, isPartial: isPartial,
                generation: generation))
        return number
    }

    /// The generation of purges in which a fetch began; nil if it was forgotten by an invalidation meanwhile.
    func generation(hash: UInt64, number: UInt64) -> UInt64? {
        index(hash, number).flatMap { self[hash]?[$0].generation }
    }

    /// The response's head has come: newcomers read along, and who waited finds it.
    /// - Returns: nil if the fetch was forgotten by an invalidation meanwhile; its response must not be kept.
    mutating func publish(hash: UInt64, number: UInt64, object: CachedObject) -> [CollapseWakeup]? {
        guard let index = index(hash, number) else { return nil }
        self[hash]?[index].object = object
        let waiters = self[hash]?[index].waiters ?? []
        self[hash]?[index].waiters = []
        return waiters.map(\.wakeup)
    }

    /// The fetch is over.
    /// - Returns: nil if it was forgotten by an invalidation meanwhile.
    mutating func end(hash: UInt64, number: UInt64) -> [CollapseWakeup]? {
        guard var list = fetches.removeValue(forKey: PrehashedKey(hash)) else { return nil }
        // Mostly it is the only one.
        if list.count == 1, list[0].number == number { return list[0].waiters.map(\.wakeup) }
        defer { if !list.isEmpty { self[hash] = list } }
        guard let index = list.firstIndex(where: { $0.number == number }) else { return nil }
        return list.remove(at: index).waiters.map(\.wakeup)
    }

    /// A waiter gave up. Its wake-up is handed out, to be destroyed outside the lock.
    mutating func leave(hash: UInt64, ticket: UInt64) -> CollapseWakeup? {
        guard let count = self[hash]?.count else { return nil }
        for index in 0..<count {
            guard let place = self[hash]?[index].waiters.firstIndex(where: { $0.ticket == ticket }) else { continue }
            return self[hash]?[index].waiters.remove(at: place).wakeup
        }
        return nil
    }

    /// Forgets the fetches of a key: what they bring is older than an invalidation.
    mutating func forget(hash: UInt64, key: [UInt8]) -> [CollapseWakeup] {
        guard let list = self[hash] else { return [] }
        let kept = list.filter { $0.key != key }
        self[hash] = kept.isEmpty ? nil : kept
        return list.filter { $0.key == key }.flatMap { $0.waiters.map(\.wakeup) }
    }

    /// Forgets the fetches that a purge is about.
    mutating func forget(where isMet: (Fetch) -> Bool) -> [CollapseWakeup] {
        var wakeups: [CollapseWakeup] = []
        for (hash, list) in fetches where list.contains(where: isMet) {
            let kept = list.filter { !isMet($0) }
            fetches[hash] = kept.isEmpty ? nil : kept
            for fetch in list where isMet(fetch) { wakeups += fetch.waiters.map(\.wakeup) }
        }
        return wakeups
    }

    mutating func forgetAll() -> [CollapseWakeup] {
        let wakeups = fetches.values.flatMap { $0.flatMap { $0.waiters.map(\.wakeup) } }
        fetches = [:]
        return wakeups
    }

    var fetchCount: Int { fetches.values.reduce(0) { $0 + $1.count } }
    var waiterCount: Int { fetches.values.reduce(0) { $0 + $1.reduce(0) { $0 + $1.waiters.count } } }

    private func index(_ hash: UInt64, _ number: UInt64) -> Int? {
        self[hash]?.firstIndex { $0.number == number }
    }

    private mutating func takeNumber() -> UInt64 {
        nextNumber += 1
        return nextNumber
    }
}
