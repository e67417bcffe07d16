import Columns
import SQL

/// Reads a bounded source to its end.
final class BoundedDriver: ScanDriver {
    private let source: any BatchSource
    private let input: StageInput
    private let reading: PreparedQuery.Reading
    private let closesInput: Bool
    /// Tells how far event time has come, of rows that are read as if they came now.
    private var watermarks: WatermarkTracker?
    private(set) var isFinished = false

    /// - Parameters:
    ///   - closesInput: the end of the source is the end of the stage's input.
    ///   - replays: the rows are read as if they came now.
    init(
        source: any BatchSource, input: StageInput, reading: PreparedQuery.Reading, closesInput: Bool = true,
        replays: Bool = false
    ) {
        let delay = reading.table.description.watermarkDelay
        self.watermarks = replays ? WatermarkTracker(delay: delay, isBoundToClock: false) : nil
        self.closesInput = closesInput
        self.source = source
        self.input = input
        self.reading = reading
    }

    var isLive: Bool { false }
    var droppedRows: Int { 0 }
    var progress: ScanProgress { source.progress }

    func advance() throws(SQLError) -> QueryRun.State {
        if !input.stage.isSatisfied, let batch = try source.next() {
            let rows = reading.window.apply(try reading.timed(batch), timeColumn: reading.timeColumn)
            try input.stage.accept(reading.wanted(rows), port: input.port)
            try advanceWatermark(rows)
        } else {
            isFinished = true
            if closesInput { try input.stage.close(port: input.port) }
        }
        return .again
    }

    private func advanceWatermark(_ rows: Batch) throws(SQLError) {
        guard watermarks != nil, let column = reading.timeColumn, let latest = rows.columns[column].greatest else {
            return
        }
        let before = watermarks?.watermark
        watermarks?.observe(maximumTime: latest, now: 0)
        guard let watermark = watermarks?.watermark, watermark != before else { return }
        try input.stage.advance(watermark: watermark, port: input.port)
    }

    func close() {}
}
