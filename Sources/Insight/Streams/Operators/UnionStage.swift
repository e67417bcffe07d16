import Columns
import SQL

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
        let began = meter.begin(batch)
        meter.count(out: batch)
        meter.pause(since: began)
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

    override var downstream: Stage? { next.stage }
    override var keeps: String? { "the watermark of each of its \(watermarks.count) inputs" }
    override var isSatisfied: Bool { next.stage.isSatisfied }
    override var lateRows: Int { next.stage.lateRows }
    override var sampledOutRows: Int { next.stage.sampledOutRows }

    private func announce() throws(SQLError) {
        let least = watermarks.min() ?? .min
        guard least > announced, least != .max else { return }
        announced = least
        try next.stage.advance(watermark: least, port: next.port)
    }
}
