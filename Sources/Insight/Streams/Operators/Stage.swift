import Columns
import SQL

/// A node of a running query: takes batches, watermarks and the end of its input, passes on what comes of them.
///
/// Stages form a tree with its root at the output. `port` tells the inputs of a stage apart.
class Stage {
    func accept(_ batch: Batch, port: Int) throws(SQLError) {}
    func advance(watermark: Int64, port: Int) throws(SQLError) {}
    func close(port: Int) throws(SQLError) {}
    /// True once no further input can change the output.
    var isSatisfied: Bool { false }
    /// Late rows of this stage and those after it.
    var lateRows: Int { 0 }
}

/// Where a stage hands its output to.
struct StageInput {
    let stage: Stage
    let port: Int
}

/// Runs one operator and feeds the next stage.
final class OperatorStage<Op: StreamOperator & ~Copyable>: Stage {
    var op: Op
    let next: StageInput
    private let account: MemoryAccount
    private let name: String
    private var charged = 0
    private var scratch: [Batch] = []

    init(_ op: consuming Op, name: String, next: StageInput, account: MemoryAccount) {
        self.op = op
        self.name = name
        self.next = next
        self.account = account
    }

    override func accept(_ batch: Batch, port: Int) throws(SQLError) {
        guard batch.rowCount > 0 else { return }
        try op.process(batch, output: &scratch)
        try charge()
        try flush()
    }

    override func advance(watermark: Int64, port: Int) throws(SQLError) {
        try op.onWatermark(watermark, output: &scratch)
        try charge()
        try flush()
        try next.stage.advance(watermark: watermark, port: next.port)
    }

    override func close(port: Int) throws(SQLError) {
        try op.finish(output: &scratch)
        try charge()
        try flush()
        try next.stage.close(port: next.port)
    }

    override var isSatisfied: Bool { op.isSatisfied || next.stage.isSatisfied }
    override var lateRows: Int { op.lateRows + next.stage.lateRows }

    private func charge() throws(SQLError) {
        let bytes = op.stateBytes
        guard bytes != charged else { return }
        try account.charge(bytes - charged, for: name)
        charged = bytes
    }

    private func flush() throws(SQLError) {
        guard !scratch.isEmpty else { return }
        let batches = scratch
        scratch.removeAll(keepingCapacity: true)
        for batch in batches where batch.rowCount > 0 {
            try next.stage.accept(batch, port: next.port)
        }
    }
}

/// Brings several inputs together (`UNION ALL`): the watermark is the least of theirs, the end is the last one's.
final class UnionStage: Stage {
    private let next: StageInput
    private var watermarks: [Int64]
    private var isClosed: [Bool]
    private var announced = Int64.min

    init(inputCount: Int, next: StageInput) {
        self.next = next
        self.watermarks = Array(repeating: .min, count: inputCount)
        self.isClosed = Array(repeating: false, count: inputCount)
    }

    override func accept(_ batch: Batch, port: Int) throws(SQLError) {
        try next.stage.accept(batch, port: next.port)
    }

    override func advance(watermark: Int64, port: Int) throws(SQLError) {
        watermarks[port] = max(watermarks[port], watermark)
        try announce()
    }

    override func close(port: Int) throws(SQLError) {
        isClosed[port] = true
        if isClosed.allSatisfy({ $0 }) {
            try next.stage.close(port: next.port)
        } else {
            watermarks[port] = .max
            try announce()
        }
    }

    override var isSatisfied: Bool { next.stage.isSatisfied }
    override var lateRows: Int { next.stage.lateRows }

    private func announce() throws(SQLError) {
        let least = watermarks.min() ?? .min
        guard least > announced, least != .max else { return }
        announced = least
        try next.stage.advance(watermark: least, port: next.port)
    }
}

/// The root: collects what the query answers until the driver hands it to the sink.
final class OutputStage: Stage {
    private var batches: [Batch] = []
    private(set) var isFinished = false

    override func accept(_ batch: Batch, port: Int) throws(SQLError) { batches.append(batch) }
    override func close(port: Int) throws(SQLError) { isFinished = true }

    /// Takes what has been collected.
    func drain() -> [Batch] {
        guard !batches.isEmpty else { return [] }
        let taken = batches
        batches = []
        return taken
    }
}
