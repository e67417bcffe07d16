import Columns
import EventLog
import Runtime
import SQL

/// One scan of a job's plans: where the rows of its table go, and how far event time has come in them.
struct JobScan {
    /// Who takes its rows.
    enum Sharing {
        /// The job's own thread.
        case alone
        /// Shards, as they come: what they count of a window is merged.
        case inParts
        /// Shards, each those of its keys.
        case byKey
    }

    var sharing = Sharing.alone
    let key: String
    /// The statement that it is of, and its place among the scans of that.
    let place: (statement: Int, number: Int)
    let reading: PreparedQuery.Reading
    /// It is looked up by the other scans.
    let isTable: Bool
    let input: StageInput
    private let deadLetters: DeadLetters?
    /// How far event time has come.
    var watermarks: WatermarkTracker
    private var announced = Int64.min

    /// - Parameters:
    ///   - saved: where it stood.
    ///   - deadLetters: where rows go that no time can be told of.
    init(
        place: (statement: Int, number: Int), reading: PreparedQuery.Reading, scan: PhysicalQuery.Scan,
        saved: Checkpoint.Input?, now: Int64, deadLetters: DeadLetters?
    ) {
        key = JobRun.key(statement: place.statement, place.number, scan)
        self.place = place
        self.reading = reading
        self.input = scan.input
        self.isTable = scan.isTable
        self.deadLetters = deadLetters
        watermarks = WatermarkTracker(
            delay: reading.table.description.watermarkDelay, isBoundToClock: reading.goesOn,
            idleTimeout: reading.table.idleTimeout)
        if let saved {
            watermarks.resume(latest: saved.latestTime, watermark: saved.watermark, now: now)
            announced = saved.watermark
        }
    }

    var watermark: Int64 { watermarks.watermark }
    var farthestAhead: Int64 { watermarks.farthestAhead }
    /// Nothing has come for as long as the table says.
    var isIdle: Bool { watermarks.isIdle }

    /// Where the scan stands, for a checkpoint.
    func saved(offsets: [Int: Int64]) -> Checkpoint.Input {
        Checkpoint.Input(key: key, offsets: offsets, watermark: watermarks.watermark, latestTime: watermarks.latest)
    }

    /// Hands on a batch that has the columns of the scan.
    mutating func accept(_ batch: Batch, now: Int64) throws(SQLError) {
        let fresh = try reading.timed(batch, deadLetters)
        if fresh.rowCount > 0 { try input.stage.accept(reading.wanted(fresh), port: input.port) }
        if let timeColumn = reading.timeColumn, let latest = fresh.columns[timeColumn].greatest {
            watermarks.observe(maximumTime: latest, now: now)
        }
    }

    /// Nothing comes at present.
    mutating func tick(now: Int64) { watermarks.tick(now: now) }

    /// Tells how far event time has come, where it went on.
    mutating func announce() throws(SQLError) {
        guard watermarks.watermark > announced else { return }
        announced = watermarks.watermark
        try input.stage.advance(watermark: announced, port: input.port)
    }

    func close() throws(SQLError) { try input.stage.close(port: input.port) }
}

extension PreparedQuery.Reading {
    /// The topic that is read, if it is one.
    var topic: String? {
        if case .topic(let topic) = table.source { return topic }
        return nil
    }

    /// A batch with its event time, without the rows that no time can be told of.
    func timed(_ batch: Batch, _ deadLetters: DeadLetters?) throws(SQLError) -> Batch {
        guard let deadLetters else { return try timed(batch) }
        var pieces: [Batch] = []
        try deadLetters.sift(batch, step: "the event time") { piece throws(SQLError) in
            pieces.append(try timed(piece))
        }
        return pieces.isEmpty ? try timed(batch.slice(0..<0)) : Batch.concatenate(pieces)
    }

    /// Whether what is read for the others serves this one too: the same topic, and no column in another type.
    func canShare(with others: [PreparedQuery.Reading]) -> Bool {
        others.allSatisfy { other in
            topic != nil && topic == other.topic && table.metadata == other.table.metadata
                && schema.fields.allSatisfy { field in
                    other.schema.fields.allSatisfy { $0.name != field.name || $0.type == field.type }
                }
        }
    }
}
