import Columns
import SQL

/// Rows of a join that memory doesn't hold, in parts by the hash of their keys: rows that meet are in the same part of
/// both sides. Those that were in memory have met each other; what came later has met nobody.
final class JoinSpill {
    /// Where the join of a part hands its pairs to the whole one.
    static let port = 2

    private static let mark = Field("$is_matched", .bool)

    let space: SpillSpace
    let depth: Int
    private(set) var hasBegun = false
    /// By side.
    private var met: [SpillPartitions] = []
    private var fresh: [SpillPartitions] = []
    /// The next part to be joined.
    private var part = 0
    private var run: PartRun?

    init(_ space: SpillSpace, depth: Int) {
        self.space = space
        self.depth = depth
    }

    var heldBytes: Int { (met + fresh).reduce(0) { $0 + $1.heldBytes } }

    func begin() {
        hasBegun = true
        met = (0..<2).map { _ in SpillPartitions(space, depth: depth) }
        fresh = (0..<2).map { _ in SpillPartitions(space, depth: depth) }
    }

    func append(_ rows: Batch, side: Int, keys: [Column]) throws(SQLError) {
        try fresh[side].append(rows, keys: keys)
    }

    func append(_ rows: Batch, isMatched: [Bool], side: Int, keys: [Column]) throws(SQLError) {
        var bits = Bitmap(repeating: false, count: rows.rowCount)
        for (row, value) in isMatched.enumerated() where value { bits[row] = true }
        let mark = Column(type: .bool, count: rows.rowCount, validity: nil, storage: .bool(bits))
        let marked = Batch(
            schema: Schema(rows.schema.fields + [Self.mark]), rowCount: rows.rowCount, columns: rows.columns + [mark])
        try met[side].append(marked, keys: keys)
    }

    /// Joins some rows.
    ///
    /// - Parameter makeStage: what joins a part.
    /// - Returns: whether there were any.
    func step(_ makeStage: () throws(SQLError) -> JoinStage) throws(SQLError) -> Bool {
        if let run {
            if try !run.step() { self.run = nil }
            return true
        }
        guard part < SpillPartitions.count else { return false }
        run = PartRun(try makeStage(), met: met.map { $0.files[part] }, fresh: fresh.map { $0.files[part] })
        part += 1
        return true
    }

    /// Lets go of the join of a part, which knows the whole one.
    func abandon() {
        run?.abandon()
        run = nil
    }

    /// The join of one part.
    private final class PartRun {
        private let stage: JoinStage
        /// Sides and files that are left to be read, and the side that ends behind each.
        private var left: [(file: SpillFile, side: Int, isMet: Bool, ends: Bool)]
        private var reader: SpillFile.Reader?

        init(_ stage: JoinStage, met: [SpillFile], fresh: [SpillFile]) {
            self.stage = stage
            // What has met each other first. The left ends before the rest of the right comes, which then need not be
            // held.
            left = [
                (met[0], 0, true, false), (met[1], 1, true, false), (fresh[0], 0, false, true),
                (fresh[1], 1, false, true),
            ]
        }

        func abandon() { stage.abandon() }

        /// - Returns: false at the end.
        func step() throws(SQLError) -> Bool {
            guard let current = left.first else {
                if stage.isAnsweringAside, try stage.drain() { return true }
                try stage.giveBack()
                return false
            }
            if reader == nil { reader = try current.file.makeReader() }
            if let rows = try reader?.next() {
                if current.isMet {
                    try stage.holdMet(rows, side: current.side)
                } else {
                    try stage.accept(rows, port: current.side)
                }
            } else {
                reader = nil
                left.removeFirst()
                if current.ends { try stage.close(port: current.side) }
            }
            return true
        }
    }
}

extension JoinStage {
    /// Puts everything aside, where it is more than a step may hold.
    func putAsideIfFull() throws(SQLError) {
        guard let aside, !aside.hasBegun, sides[0].bytes + sides[1].bytes > aside.space.thresholdBytes,
            aside.depth < SpillPartitions.maximumDepth
        else { return }
        aside.begin()
        for side in 0..<2 {
            for part in sides[side].remaining() {
                try aside.append(
                    part.batch, isMatched: part.matches.map { $0 > 0 }, side: side,
                    keys: keyColumns(part.batch, port: side))
            }
        }
        forget()
        try charge()
    }

    /// Rows of a part that have met those of the other side before.
    fileprivate func holdMet(_ rows: Batch, side: Int) throws(SQLError) {
        guard let bits = rows.columns.last?.bools else { return }
        let isMatched = (0..<rows.rowCount).map { bits[$0] }
        let own = Batch(schema: sides[side].schema, rowCount: rows.rowCount, columns: rows.columns.dropLast())
        if let aside, aside.hasBegun {
            return try aside.append(own, isMatched: isMatched, side: side, keys: keyColumns(own, port: side))
        }
        try hold(own, isMatched: isMatched, side: side)
        try charge()
        try putAsideIfFull()
    }

    func abandon() { aside?.abandon() }

    fileprivate var isAnsweringAside: Bool { aside?.hasBegun == true }

    func drain() throws(SQLError) -> Bool {
        guard let aside, !next.stage.isSatisfied else {
            try next.stage.close(port: next.port)
            return false
        }
        let goesOn = try aside.step { () throws(SQLError) in
            try JoinStage(
                join, schemas: sides.map(\.schema), schema: schema, retention: .bounded, context: context,
                account: account, next: StageInput(stage: self, port: JoinSpill.port), spill: aside.space,
                depth: aside.depth + 1)
        }
        if !goesOn { try next.stage.close(port: next.port) }
        return goesOn
    }
}
