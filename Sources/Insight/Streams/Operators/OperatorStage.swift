import Columns
import SQL

/// Runs one operator and feeds the next stage.
final class OperatorStage<Op: StreamOperator & ~Copyable>: Stage, DrainingStage {
    var op: Op
    let next: StageInput
    private let account: MemoryAccount
    private let deadLetters: DeadLetters?
    private let draining: DrainingStages?
    /// Told how far event time has come, where an expression of the operator asks.
    private let watermark: WatermarkCell?
    override var name: String { title }
    override var downstream: Stage? { next.stage }
    private let title: String
    override var stateBytes: Int { charged }
    private var charged = 0
    private var scratch: [Batch] = []

    /// - Parameters:
    ///   - deadLetters: where rows go that the operator fails on; `nil` where the query fails then.
    ///   - watermark: what the operator's expressions ask how far event time has come.
    ///   - draining: has those go on that answer in pieces; `nil` where nobody does.
    init(
        _ op: consuming Op, name: String, next: StageInput, account: MemoryAccount, deadLetters: DeadLetters? = nil,
        draining: DrainingStages? = nil, watermark: WatermarkCell? = nil
    ) {
        self.watermark = watermark
        self.draining = draining
        self.op = op
        self.title = name
        self.next = next
        self.account = account
        self.deadLetters = Op.forgetsFailures ? deadLetters : nil
    }

    override func accept(_ batch: Batch, port: Int) throws(SQLError) {
        guard batch.rowCount > 0 else { return }
        let began = meter.begin(batch)
        if let deadLetters {
            try deadLetters.sift(batch, step: title) { piece throws(SQLError) in
                try op.process(piece, output: &scratch)
            }
        } else {
            try op.process(batch, output: &scratch)
        }
        try charge()
        meter.pause(since: began)
        try flush()
    }

    /// Takes rows that were aggregated before.
    func merge(_ partial: Batch) throws(SQLError) where Op: MergingOperator {
        guard partial.rowCount > 0 else { return }
        let began = meter.begin(partial, rows: PartialGroups.rowCounts(partial).reduce(0, +))
        try op.merge(partial, output: &scratch)
        try charge()
        meter.pause(since: began)
        try flush()
    }

    override func advance(watermark: Int64, port: Int) throws(SQLError) {
        let began = meter.begin(watermark: watermark)
        self.watermark?.advance(to: watermark)
        try op.onWatermark(watermark, output: &scratch)
        try charge()
        meter.pause(since: began)
        try flush()
        try next.stage.advance(watermark: op.outputWatermark(watermark), port: next.port)
    }

    override func close(port: Int) throws(SQLError) {
        try op.finish(output: &scratch)
        try charge()
        try flush()
        guard op.isDraining else { return try next.stage.close(port: next.port) }
        if let draining { return draining.add(self) }
        while try drain() {}
    }

    func abandon() {}

    func drain() throws(SQLError) -> Bool {
        guard op.isDraining, !next.stage.isSatisfied else {
            try next.stage.close(port: next.port)
            return false
        }
        let began = meter.resume()
        try op.drain(output: &scratch)
        try charge()
        meter.pause(since: began)
        try flush()
        return true
    }

    override func saveState(into state: inout OperatorState) throws(SQLError) { try op.saveState(into: &state) }

    override func loadState(from state: OperatorState) throws(SQLError) -> [String] {
        let fresh = try op.loadState(from: state)
        try charge()
        return fresh
    }

    override func savedKeys(of table: String, _ rows: Batch) throws(SQLError) -> [Column] {
        try op.savedKeys(keyPlaces, of: table, rows)
    }

    override var keeps: String? { op.keeps }
    override var isSatisfied: Bool { op.isSatisfied || next.stage.isSatisfied }
    override var lateRows: Int { op.lateRows + next.stage.lateRows }
    override var sampledOutRows: Int { op.sampledOutRows + next.stage.sampledOutRows }

    /// Has the budget know what the operator holds by now.
    func charge() throws(SQLError) {
        let bytes = op.stateBytes
        guard bytes != charged else { return }
        try account.charge(bytes - charged, for: title)
        charged = bytes
    }

    private func flush() throws(SQLError) {
        guard !scratch.isEmpty else { return }
        let batches = scratch
        scratch.removeAll(keepingCapacity: true)
        for batch in batches where batch.rowCount > 0 {
            meter.count(out: batch)
            try next.stage.accept(batch, port: next.port)
        }
    }
}
