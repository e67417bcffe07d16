import Columns
import SQL

/// Reads a bounded source to its end.
final class BoundedDriver: ScanDriver {
    private let source: any BatchSource
    private let input: StageInput
    private let reading: PreparedQuery.Reading
    private let closesInput: Bool
    private(set) var isFinished = false

    /// - Parameter closesInput: the end of the source is the end of the stage's input.
    init(source: any BatchSource, input: StageInput, reading: PreparedQuery.Reading, closesInput: Bool = true) {
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
        } else {
            isFinished = true
            if closesInput { try input.stage.close(port: input.port) }
        }
        return .again
    }

    func close() {}
}
