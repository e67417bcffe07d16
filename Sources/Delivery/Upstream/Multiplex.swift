/// The open HTTP/2 connections of a pool: which takes the next request, and which is to go. A value without I/O.
///
/// The fullest one that has room is used, so that few connections carry all and the surplus ages.
struct Multiplex {
    typealias ConnectionID = PoolState.ConnectionID

    private struct Entry {
        var id: ConnectionID
        /// Streams under way.
        var active = 0
        var capacity: Int
        /// Takes no further requests.
        var isDraining = false
        var idleSince: Int64
    }

    private var entries: [Entry] = []

    var count: Int { entries.count }
    var idleCount: Int { entries.reduce(0) { $0 + ($1.active == 0 ? 1 : 0) } }

    func isIdle(_ id: ConnectionID) -> Bool { entries.contains { $0.id == id && $0.active == 0 } }

    /// - Parameter capacity: requests at a time, as far as is known.
    mutating func add(_ id: ConnectionID, capacity: Int, now: Int64) {
        entries.append(Entry(id: id, capacity: capacity, idleSince: now))
    }

    /// A connection for one more request, which it then carries.
    mutating func take() -> ConnectionID? {
        var best: Int?
        for index in entries.indices where hasRoom(entries[index]) {
            if best.map({ entries[index].active > entries[$0].active }) ?? true { best = index }
        }
        guard let best else { return nil }
        entries[best].active += 1
        return entries[best].id
    }

    /// The same on a certain one.
    mutating func take(on id: ConnectionID) -> Bool {
        guard let index = place(id), hasRoom(entries[index]) else { return false }
        entries[index].active += 1
        return true
    }

    /// A request is through with its stream.
    mutating func release(_ id: ConnectionID, now: Int64) {
        guard let index = place(id), entries[index].active > 0 else { return }
        entries[index].active -= 1
        if entries[index].active == 0 { entries[index].idleSince = now }
    }

    /// Nothing is under way on a connection that takes nothing more.
    func isSpent(_ id: ConnectionID) -> Bool {
        entries.contains { $0.id == id && $0.isDraining && $0.active == 0 }
    }

    mutating func setCapacity(_ id: ConnectionID, _ capacity: Int) {
        if let index = place(id) { entries[index].capacity = capacity }
    }

    mutating func drain(_ id: ConnectionID) {
        if let index = place(id) { entries[index].isDraining = true }
    }

    mutating func remove(_ id: ConnectionID) { entries.removeAll { $0.id == id } }

    /// Takes out those that have carried nothing since `limit`.
    mutating func expire(before limit: Int64) -> [ConnectionID] {
        let old = entries.filter { $0.active == 0 && $0.idleSince <= limit }.map(\.id)
        if !old.isEmpty { entries.removeAll { old.contains($0.id) } }
        return old
    }

    /// Since when the one that has been idle for longest is so.
    var oldestIdle: Int64? { entries.lazy.filter { $0.active == 0 }.map(\.idleSince).min() }

    private func place(_ id: ConnectionID) -> Int? { entries.firstIndex { $0.id == id } }

    private func hasRoom(_ entry: Entry) -> Bool { !entry.isDraining && entry.active < entry.capacity }
}
