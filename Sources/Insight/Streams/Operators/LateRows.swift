import Columns
import SQL

/// `LATE DATA INTO`: hands rows to a table of their own that come when the last window they could be in is over.
final class LateRows: Stage {
    private let window: WindowSpecification
    private let lateness: Int64
    private let next: StageInput
    private let late: Stage
    private var watermark = Int64.min
    private var ownLateRows = 0

    /// - Parameters:
    ///   - lateness: how long a window takes rows after its end, microseconds of event time.
    ///   - late: takes the late rows.
    init(_ window: WindowSpecification, lateness: Int64, next: StageInput, late: Stage) {
        self.window = window
        self.lateness = lateness
        self.next = next
        self.late = late
    }

    override var name: String { "LATE DATA" }
    override var downstream: Stage? { next.stage }
    override var keeps: String? { "nothing" }
    override var isSatisfied: Bool { next.stage.isSatisfied }
    override var lateRows: Int { ownLateRows + next.stage.lateRows }
    override var sampledOutRows: Int { next.stage.sampledOutRows }

    override func accept(_ batch: Batch, port: Int) throws(SQLError) {
        guard watermark != .min, let times = batch.columns[window.timeColumn].int64s else {
            return try next.stage.accept(batch, port: next.port)
        }
        let column = batch.columns[window.timeColumn]
        var inTime: [UInt32] = []
        var tooLate: [UInt32] = []
        for row in 0..<UInt32(batch.rowCount) {
            // Rows without a time, or beyond all reason, belong to no window and are counted there.
            let time = times[Int(row)]
            let isSane = !column.isNull(Int(row)) && time.magnitude <= AssignWindows.maximumTime
            if isSane, lastEnd(time) &+ lateness - 1 <= watermark { tooLate.append(row) } else { inTime.append(row) }
        }
        guard !tooLate.isEmpty else { return try next.stage.accept(batch, port: next.port) }
        ownLateRows += tooLate.count
        try late.accept(batch.select(rows: tooLate), port: 0)
        if !inTime.isEmpty { try next.stage.accept(batch.select(rows: inTime), port: next.port) }
    }

    /// The end of the last window that a row of this time is in.
    private func lastEnd(_ time: Int64) -> Int64 {
        switch window.kind {
        case .cumulate: AssignWindows.floor(time, window.sizeMicroseconds, window.offset) + window.sizeMicroseconds
        default: AssignWindows.floor(time, window.slideMicroseconds, window.offset) + window.sizeMicroseconds
        }
    }

    override func advance(watermark: Int64, port: Int) throws(SQLError) {
        self.watermark = max(self.watermark, watermark)
        try next.stage.advance(watermark: watermark, port: next.port)
    }

    override func close(port: Int) throws(SQLError) { try next.stage.close(port: next.port) }

    override func saveState(into state: inout OperatorState) throws(SQLError) {
        state[number: "watermark"] = watermark
        state[number: "late_rows"] = Int64(ownLateRows)
    }

    override func loadState(from state: OperatorState) throws(SQLError) -> [String] {
        watermark = state[number: "watermark"] ?? .min
        ownLateRows = Int(state[number: "late_rows"] ?? 0)
        return []
    }
}
