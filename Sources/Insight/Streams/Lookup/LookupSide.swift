import Columns
import SQL

/// The table of a lookup join.
protocol LookupSide: AnyObject {
    /// What a batch of the stream waits for.
    associatedtype Work

    /// Computes what is needed of a batch, and changes nothing: it fails on rows that can't be looked up.
    func check(_ batch: Batch) throws(SQLError)
    /// As `check`, of rows of the table's topic.
    func check(change batch: Batch) throws(SQLError)
    /// Takes note of what the batch needs, and has it fetched.
    func begin(_ batch: Batch) throws(SQLError) -> Work
    /// Whether all that is needed is there.
    func isReady(_ work: Work) -> Bool
    /// Calls `body` with rows of the batch and their partners, in order: a range of rows, the row of each partner, and
    /// the partners.
    func pairs(
        _ batch: Batch, _ work: Work, _ body: (Range<Int>, [UInt32], Batch) throws(SQLError) -> Void
    ) throws(SQLError)
    /// Time has passed, or something was fetched.
    func poll() throws(SQLError)
    /// Rows of the table's topic.
    func change(_ batch: Batch) throws(SQLError)
    /// What the table holds.
    var bytes: Int { get }
    var keeps: String { get }
    func saveState(into state: inout OperatorState)
    func loadState(from state: OperatorState) throws(SQLError)
}

extension LookupSide {
    func poll() throws(SQLError) {}
    func check(change batch: Batch) throws(SQLError) {}
    func change(_ batch: Batch) throws(SQLError) {}
    func saveState(into state: inout OperatorState) {}
    func loadState(from state: OperatorState) throws(SQLError) {}
}

/// A stage that goes on when something outside has happened. The query's run polls it.
protocol PolledStage: AnyObject {
    func poll() throws(SQLError)
    /// It should be given no more rows for now.
    var isFull: Bool { get }
    /// Rows wait in it.
    var isWaiting: Bool { get }
}

/// `JOIN … FOR SYSTEM_TIME AS OF`: each batch of the stream waits until what it needs of the table is there, and what
/// comes behind it waits too, so that the order is kept.
final class LookupStage<Side: LookupSide>: Stage, PolledStage {
    private enum Item {
        case rows(Batch, Side.Work)
        case watermark(Int64)
        case end
    }

    /// Batches, and bytes of them, that may wait.
    private static var maximumItems: Int { 64 }
    private static var maximumBytes: Int { 16 << 20 }

    private let side: Side
    private let pairs: LookupPairs
    private let leftSchema: Schema
    private let next: StageInput
    private let account: MemoryAccount
    private let deadLetters: DeadLetters?
    private var queue: [Item] = []
    private var queuedBytes = 0
    override var stateBytes: Int { charged }
    private var charged = 0
    /// When the work at hand began, or went on.
    private var workBegan: Int64 = 0

    /// - Parameter deadLetters: where rows go that an expression fails on; `nil` where the query fails then.
    init(
        _ side: Side, pairs: LookupPairs, leftSchema: Schema, next: StageInput, account: MemoryAccount,
        deadLetters: DeadLetters?
    ) {
        self.deadLetters = deadLetters
        self.side = side
        self.pairs = pairs
        self.leftSchema = leftSchema
        self.next = next
        self.account = account
    }

    override var name: String { "LOOKUP JOIN" }
    override var keeps: String? { side.keeps }
    override var downstream: Stage? { next.stage }
    override var isSatisfied: Bool { next.stage.isSatisfied }
    override var lateRows: Int { next.stage.lateRows }
    override var sampledOutRows: Int { next.stage.sampledOutRows }

    var isFull: Bool { queue.count >= Self.maximumItems || queuedBytes >= Self.maximumBytes }
    var isWaiting: Bool { !queue.isEmpty }

    override func accept(_ batch: Batch, port: Int) throws(SQLError) {
        guard batch.rowCount > 0 else { return }
        workBegan = meter.begin(batch)
        defer { meter.pause(since: workBegan) }
        if port == 1 {
            for piece in try sound(batch, { piece throws(SQLError) in try side.check(change: piece) }) {
                try side.change(piece)
            }
            return try charge()
        }
        let rows = Batch(schema: leftSchema, rowCount: batch.rowCount, columns: batch.columns)
        for piece in try sound(rows, { piece throws(SQLError) in try side.check(piece) }) {
            let work = try side.begin(piece)
            if queue.isEmpty, side.isReady(work) {
                try emit(piece, work)
            } else {
                queue.append(.rows(piece, work))
                queuedBytes += piece.memoryBytes
            }
        }
        try charge()
    }

    /// The pieces of a batch without the rows that fail, where these are set aside.
    private func sound(
        _ batch: Batch, _ check: (Batch) throws(SQLError) -> Void
    ) throws(SQLError) -> [Batch] {
        guard let deadLetters else { return [batch] }
        return try deadLetters.pieces(of: batch, step: "the keys of \(name)", check)
    }

    override func advance(watermark: Int64, port: Int) throws(SQLError) {
        guard port == 0 else { return }
        meter.pause(since: meter.begin(watermark: watermark))
        guard !queue.isEmpty else { return try next.stage.advance(watermark: watermark, port: next.port) }
        if case .watermark = queue.last { queue.removeLast() }
        queue.append(.watermark(watermark))
    }

    override func close(port: Int) throws(SQLError) {
        guard port == 0 else { return }
        guard !queue.isEmpty else { return try next.stage.close(port: next.port) }
        queue.append(.end)
    }

    func poll() throws(SQLError) {
        workBegan = meter.resume()
        defer { meter.pause(since: workBegan) }
        try side.poll()
        guard let deadLetters else { return try workOff() }
        try deadLetters.withoutPlace { () throws(SQLError) in try workOff() }
    }

    private func workOff() throws(SQLError) {
        var done = 0
        // What follows may throw: what went out must not go out again.
        defer { queue.removeFirst(done) }
        scan: for item in queue {
            switch item {
            case .rows(let batch, let work):
                guard side.isReady(work) else { break scan }
                queuedBytes -= batch.memoryBytes
                done += 1
                try emit(batch, work)
            case .watermark(let watermark):
                done += 1
                try next.stage.advance(watermark: watermark, port: next.port)
            case .end:
                done += 1
                try next.stage.close(port: next.port)
            }
        }
        try charge()
    }

    private func emit(_ batch: Batch, _ work: Side.Work) throws(SQLError) {
        try side.pairs(batch, work) { range, partners, right throws(SQLError) in
            guard let joined = try pairs.join(batch, range, partners: partners, right) else { return }
            meter.count(out: joined)
            meter.pause(since: workBegan)
            defer { workBegan = meter.resume() }
            try next.stage.accept(joined, port: next.port)
        }
    }

    private func charge() throws(SQLError) {
        let bytes = side.bytes + queuedBytes
        guard bytes != charged else { return }
        try account.charge(bytes - charged, for: name)
        charged = bytes
    }

    // MARK: State

    /// Rows that wait are looked up anew by the run that goes on.
    override func saveState(into state: inout OperatorState) throws(SQLError) {
        var waiting: [Batch] = []
        for item in queue {
            switch item {
            case .rows(let batch, _): waiting.append(batch)
            case .watermark(let watermark): state[number: "watermark"] = watermark
            case .end: break
            }
        }
        if !waiting.isEmpty { state.append(waiting, as: "waiting") }
        side.saveState(into: &state)
    }

    override func loadState(from state: OperatorState) throws(SQLError) -> [String] {
        try side.loadState(from: state)
        for batch in state.batches("waiting") {
            guard batch.schema == leftSchema else {
                throw SQLError(code: .stateMismatch, message: "the rows that waited for the table had other columns")
            }
            queue.append(.rows(batch, try side.begin(batch)))
            queuedBytes += batch.memoryBytes
        }
        if let watermark = state[number: "watermark"] { queue.append(.watermark(watermark)) }
        try charge()
        return []
    }
}
