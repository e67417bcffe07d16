/// The sessions of rows that are still open, each with its rows in a chain. A row costs a look at its key's sessions, of which
/// there are hardly ever more than two, and a session a place in a queue by its end.
///
/// Rows exactly one gap apart are of one session, which ends a gap after its last row.
struct OpenSessions {
    /// A row of a session that is taken out.
    struct ClosedRow {
        let row: UInt32
        let start: Int64
        let end: Int64
    }

    private struct Session {
        var start: Int64
        var end: Int64
        var firstRow: UInt32
        var lastRow: UInt32
        let key: UInt32
        /// The next session of its key.
        var next: UInt32
        /// Was joined to another one; its place is free once its end has come up in the queue.
        var isJoined = false
    }

    /// When a session ended at the time it was queued: it may have gone on since.
    private struct Due {
        let end: Int64
        let session: UInt32
    }

    /// Ends chains, of rows and of sessions.
    private static let none = UInt32.max
    /// In place of the next row of a chain: the row is in no session any more.
    private static let taken = UInt32.max - 1

    private let gap: Int64
    private var sessions: [Session] = []
    private var free: [UInt32] = []
    /// By key.
    private var heads: [UInt32] = []
    /// By row: the next one of its session.
    private var nextRow: [UInt32] = []
    /// A binary heap with the earliest end at its root.
    private var queue: [Due] = []
    /// Rows in sessions.
    private(set) var rowCount = 0

    init(gapMicroseconds: Int64) { gap = gapMicroseconds }

    var byteCount: Int {
        sessions.capacity * MemoryLayout<Session>.stride + queue.capacity * MemoryLayout<Due>.stride
            + (free.capacity + heads.capacity + nextRow.capacity) * MemoryLayout<UInt32>.stride
    }

    /// Numbers given to rows so far.
    var rowNumbers: Int { nextRow.count }

    func holds(_ row: Int) -> Bool { nextRow[row] != Self.taken }

    /// Adds the row with the next number.
    mutating func add(key: UInt32, time: Int64) {
        let row = UInt32(truncatingIfNeeded: nextRow.count)
        nextRow.append(Self.none)
        rowCount += 1
        while heads.count <= Int(key) { heads.append(Self.none) }
        guard let found = session(of: key, around: time) else { return open(key, row, time) }
        nextRow[Int(sessions[found].lastRow)] = row
        sessions[found].lastRow = row
        let reaches = time < sessions[found].start || time + gap > sessions[found].end
        guard reaches else { return }
        sessions[found].start = min(sessions[found].start, time)
        sessions[found].end = max(sessions[found].end, time + gap)
        if sessions[Int(heads[Int(key)])].next != Self.none { joinNeighbours(of: found) }
    }

    /// Takes out the sessions whose last moment is at most `watermark`: their rows by the end of the session, then as they
    /// came.
    mutating func close(through watermark: Int64) -> [ClosedRow] {
        var closed: [ClosedRow] = []
        while let due = queue.first, due.end - 1 <= watermark {
            let index = Int(due.session)
            let session = sessions[index]
            if session.isJoined {
                dropFirst()
                free.append(due.session)
            } else if session.end > due.end {
                // It went on meanwhile.
                replaceFirst(Due(end: session.end, session: due.session))
            } else {
                dropFirst()
                unlink(due.session)
                free.append(due.session)
                takeRows(of: session, into: &closed)
            }
        }
        rowCount -= closed.count
        Self.sort(&closed)
        return closed
    }

    // MARK: Sessions of a key

    private func session(of key: UInt32, around time: Int64) -> Int? {
        var index = heads[Int(key)]
        while index != Self.none {
            let session = sessions[Int(index)]
            if time <= session.end, time + gap >= session.start { return Int(index) }
            index = session.next
        }
        return nil
    }

    private mutating func open(_ key: UInt32, _ row: UInt32, _ time: Int64) {
        let session = Session(
            start: time, end: time + gap, firstRow: row, lastRow: row, key: key, next: heads[Int(key)])
        let index: UInt32
        if let known = free.popLast() {
            index = known
            sessions[Int(known)] = session
        } else {
            index = UInt32(truncatingIfNeeded: sessions.count)
            sessions.append(session)
        }
        heads[Int(key)] = index
        push(Due(end: session.end, session: index))
    }

    /// Joins the sessions of the same key that a session has come to touch.
    private mutating func joinNeighbours(of found: Int) {
        var index = heads[Int(sessions[found].key)]
        while index != Self.none {
            let other = sessions[Int(index)]
            let mine = sessions[found]
            // A session ends a gap after its last row, so they touch where one begins by the other's end.
            if Int(index) != found, other.start <= mine.end, mine.start <= other.end {
                nextRow[Int(mine.lastRow)] = other.firstRow
                sessions[found].lastRow = other.lastRow
                sessions[found].start = min(mine.start, other.start)
                sessions[found].end = max(mine.end, other.end)
                unlink(index)
                sessions[Int(index)].isJoined = true
            }
            index = other.next
        }
    }

    /// Takes a session out of the chain of its key.
    private mutating func unlink(_ index: UInt32) {
        let session = sessions[Int(index)]
        var before = heads[Int(session.key)]
        if before == index {
            heads[Int(session.key)] = session.next
            return
        }
        while sessions[Int(before)].next != index { before = sessions[Int(before)].next }
        sessions[Int(before)].next = session.next
    }

    // MARK: Rows

    private mutating func takeRows(of session: Session, into closed: inout [ClosedRow]) {
        var row = session.firstRow
        while row != Self.none {
            closed.append(ClosedRow(row: row, start: session.start, end: session.end))
            let next = nextRow[Int(row)]
            nextRow[Int(row)] = Self.taken
            row = next
        }
    }

    /// They come by their ends already, so that only rows of the same end are sorted.
    private static func sort(_ closed: inout [ClosedRow]) {
        var first = 0
        while first < closed.count {
            var last = first
            var isSorted = true
            while last + 1 < closed.count, closed[last + 1].end == closed[first].end {
                if closed[last + 1].row < closed[last].row { isSorted = false }
                last += 1
            }
            if !isSorted { closed[first...last].sort { $0.row < $1.row } }
            first = last + 1
        }
    }

    // MARK: The queue

    private mutating func push(_ due: Due) {
        queue.append(due)
        var child = queue.count - 1
        while child > 0 {
            let parent = (child - 1) / 2
            guard due.end < queue[parent].end else { break }
            queue[child] = queue[parent]
            child = parent
        }
        queue[child] = due
    }

    private mutating func dropFirst() {
        guard let last = queue.popLast(), !queue.isEmpty else { return }
        replaceFirst(last)
    }

    private mutating func replaceFirst(_ due: Due) {
        var parent = 0
        while true {
            var child = parent * 2 + 1
            guard child < queue.count else { break }
            if child + 1 < queue.count, queue[child + 1].end < queue[child].end { child += 1 }
            guard queue[child].end < due.end else { break }
            queue[parent] = queue[child]
            parent = child
        }
        queue[parent] = due
    }
}
