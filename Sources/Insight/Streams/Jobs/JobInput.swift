import Columns
import EventLog
import Runtime
import SQL

/// One scan of a job: reads its table from where it stopped, and tells how far event time has come. A topic is
/// followed by offset: what the job can't take yet waits in the log.
final class JobInput {
    private enum Source {
        case topic(LogSource)
        /// Ends; a stop is made good by reading past what was read.
        case bounded(any BatchSource)
    }

    let key: String
    let topic: String?
    /// It is looked up by the other inputs.
    let isTable: Bool
    private let source: Source
    private let input: StageInput
    private let reading: PreparedQuery.Reading
    private let clock: any Clock
    private let deadLetters: DeadLetters?
    private var watermarks: WatermarkTracker
    private var announced = Int64.min
    private var rowsRead: Int64 = 0
    /// Memory of the batches that were read in this run.
    private(set) var bytes: Int64 = 0
    /// Rows of a bounded source that were handed on before the stop.
    private var rowsToSkip: Int64 = 0
    private(set) var isFinished = false

    /// - Parameters:
    ///   - saved: where to go on.
    ///   - deadLetters: where rows go that no time can be told of.
    init(
        key: String, reading: PreparedQuery.Reading, scan: PhysicalQuery.Scan, service: QueryService,
        from position: LogPosition, saved: Checkpoint.Input?,
        deadLetters: DeadLetters?
    ) throws(SQLError) {
        self.key = key
        self.isTable = scan.isTable
        self.input = scan.input
        self.reading = reading
        self.clock = service.clock
        self.deadLetters = deadLetters
        var isBound = true
        switch reading.table.source {
        case .topic(let topic):
            guard let log = service.log else {
                throw SQLError(code: .unknownTable, message: "there is no event log to read \(topic) from")
            }
            self.topic = topic
            source = .topic(
                try LogSource(
                    log: log, topic: topic, columns: reading.schema, timeName: reading.timeName, times: reading.times,
                    isBounded: false, offsets: saved?.offsets ?? [:], from: position))
        default:
            topic = nil
            isBound = false
            rowsToSkip = saved?.offsets[0] ?? 0
            source = .bounded(try PreparedQuery.makeSource(reading, service))
        }
        watermarks = WatermarkTracker(delay: reading.table.description.watermarkDelay, isBoundToClock: isBound)
        if let saved {
            watermarks.resume(latest: saved.latestTime, watermark: saved.watermark, now: clock.now())
            announced = saved.watermark
        }
    }

    var watermark: Int64 { watermarks.watermark }

    /// Tables are read before the streams that look into them; then what is the farthest behind.
    func isBefore(_ other: JobInput) -> Bool {
        isTable == other.isTable ? watermark < other.watermark : isTable
    }

    var rows: Int64 { rowsRead }

    /// Where the input stands, for a checkpoint: at a barrier, that is between two batches.
    var saved: Checkpoint.Input {
        let offsets =
            switch source {
            case .topic(let log): log.nextOffsets
            case .bounded: [0: max(rowsRead, rowsToSkip)]
            }
        return Checkpoint.Input(
            key: key, offsets: offsets, watermark: watermarks.watermark, latestTime: watermarks.latest)
    }

    /// Hands on a batch, if there is one.
    ///
    /// - Returns: false when there is nothing now.
    func advance() throws(SQLError) -> Bool {
        if isFinished { return false }
        let batch: Batch? =
            switch source {
            case .topic(let log): try log.next()
            case .bounded(let bounded): try bounded.next()
            }
        guard let batch else {
            try nothingNow()
            return false
        }
        rowsRead += Int64(batch.rowCount)
        bytes += Int64(batch.memoryBytes)
        guard let unseen = skip(batch) else { return true }
        deadLetters?.place = place(of: unseen)
        let fresh = try timed(unseen)
        if fresh.rowCount > 0 { try input.stage.accept(reading.wanted(fresh), port: input.port) }
        if let timeColumn = reading.timeColumn, let latest = fresh.columns[timeColumn].greatest {
            watermarks.observe(maximumTime: latest, now: clock.now())
        }
        // The rows of a bounded input may come in any order: its windows close at its end.
        if topic != nil { try announce() }
        return true
    }

    private func timed(_ batch: Batch) throws(SQLError) -> Batch {
        guard let deadLetters else { return try reading.timed(batch) }
        var pieces: [Batch] = []
        try deadLetters.sift(batch, step: "the event time") { piece throws(SQLError) in
            pieces.append(try reading.timed(piece))
        }
        return pieces.isEmpty ? try reading.timed(batch.slice(0..<0)) : Batch.concatenate(pieces)
    }

    /// - Parameter unseen: what is left of the batch that was read last.
    private func place(of unseen: Batch) -> DeadLetters.Place {
        let name = topic ?? reading.table.description.name
        if case .topic(let log) = source, let read = log.lastRead {
            return DeadLetters.Place(source: name, partition: read.partition, offsets: read.offsets)
        }
        return DeadLetters.Place(
            source: name, partition: nil, offsets: rowsRead - Int64(unseen.rowCount)..<rowsRead)
    }

    private func nothingNow() throws(SQLError) {
        guard topic == nil else {
            watermarks.tick(now: clock.now())
            return try announce()
        }
        isFinished = true
        try input.stage.close(port: input.port)
    }

    /// What of the batch was not handed on before a stop; `nil` for nothing of it.
    private func skip(_ batch: Batch) -> Batch? {
        guard case .bounded = source, rowsRead - Int64(batch.rowCount) < rowsToSkip else { return batch }
        let known = Int(min(rowsToSkip - (rowsRead - Int64(batch.rowCount)), Int64(batch.rowCount)))
        return known == batch.rowCount ? nil : batch.slice(known..<batch.rowCount)
    }

    private func announce() throws(SQLError) {
        guard watermarks.watermark > announced else { return }
        announced = watermarks.watermark
        try input.stage.advance(watermark: announced, port: input.port)
    }
}
