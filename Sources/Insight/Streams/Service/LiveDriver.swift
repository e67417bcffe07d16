import Columns
import EventLog
import Runtime
import SQL

/// Feeds a live query from a topic: first what is stored, if asked for, then what comes; and tells how far event
/// time has come.
final class LiveDriver: ScanDriver {
    private let reading: PreparedQuery.Reading
    private let topic: String
    private let log: EventLog
    private let clock: any Clock
    private let input: StageInput
    private let wake: @Sendable () -> Void
    private let feed: LiveFeed
    private var subscription: Subscription?
    /// What is stored; until its end has been reached after the subscription was made.
    private var stored: LogSource?
    /// Rows below these offsets have been handed on.
    private var handedThrough: [Int: Int64] = [:]
    private var watermarks: WatermarkTracker
    private var announced = Int64.min
    private(set) var progress = ScanProgress()
    private(set) var isFinished = false

    init(
        reading: PreparedQuery.Reading, topic: String, stored: LogSource?, log: EventLog, clock: any Clock,
        limits: QueryLimits, input: StageInput, wake: @escaping @Sendable () -> Void
    ) throws(SQLError) {
        self.reading = reading
        self.topic = topic
        self.stored = stored
        self.log = log
        self.clock = clock
        self.input = input
        self.wake = wake
        self.feed = LiveFeed(maximumBatches: limits.liveQueueBatches, maximumBytes: limits.liveQueueBytes)
        self.watermarks = WatermarkTracker(
            delay: reading.table.description.watermarkDelay, isBoundToClock: true,
            idleTimeout: reading.table.idleTimeout)
        if stored == nil { try subscribe() }
    }

    var isLive: Bool { stored == nil }
    var droppedRows: Int { feed.droppedRows }

    func advance() throws(SQLError) -> QueryRun.State {
        if input.stage.isSatisfied {
            isFinished = true
            close()
            try input.stage.close(port: input.port)
            return .again
        }
        if let stored { return try catchUp(stored) }
        let batches = feed.take()
        for batch in batches {
            var rows = batch.conformed(to: reading.schema, reading.table.metadata)
            let seen = handedThrough[batch.partition] ?? 0
            if batch.nextOffset <= seen { continue }
            if batch.baseOffset < seen { rows = rows.slice(Int(seen - batch.baseOffset)..<rows.rowCount) }
            handedThrough[batch.partition] = batch.nextOffset
            progress.rows += rows.rowCount
            progress.bytes += rows.memoryBytes
            try hand(rows)
        }
        watermarks.tick(now: clock.now())
        try announce()
        return batches.isEmpty ? .wait : .again
    }

    var standing: InputMeetings.Standing? {
        isFinished ? nil : .init(watermark: watermarks.watermark, isIdle: watermarks.isIdle)
    }

    func bringUp(to time: Int64) throws(SQLError) {
        if watermarks.bringUp(to: time) { try announce() }
    }

    func close() {
        subscription?.cancel()
        subscription = nil
    }

    /// Reads what is stored to its end, subscribes, and reads what came in between.
    private func catchUp(_ stored: LogSource) throws(SQLError) -> QueryRun.State {
        if let batch = try stored.next() {
            progress = stored.progress
            try hand(batch)
            try announce()
            return .again
        }
        if subscription == nil {
            try subscribe()
            return .again
        }
        handedThrough = stored.nextOffsets
        self.stored = nil
        return .again
    }

    private func subscribe() throws(SQLError) {
        let feed = feed
        let wake = wake
        do throws(LogError) {
            subscription = try log.subscribe(topic: topic) { batch in
                feed.push(batch)
                wake()
            }
        } catch {
            throw SQLError(reading: topic, error)
        }
    }

    private func hand(_ batch: Batch) throws(SQLError) {
        let inTime = reading.window.apply(try reading.timed(batch), timeColumn: reading.timeColumn)
        guard inTime.rowCount > 0 else { return }
        try input.stage.accept(reading.wanted(inTime), port: input.port)
        // After the rows: a batch doesn't make its own rows late.
        if let column = reading.timeColumn, let latest = inTime.columns[column].greatest {
            watermarks.observe(maximumTime: latest, now: clock.now())
        }
    }

    private func announce() throws(SQLError) {
        guard watermarks.watermark > announced else { return }
        announced = watermarks.watermark
        try input.stage.advance(watermark: announced, port: input.port)
    }
}

extension Column {
    /// The greatest value of an `int64` or `timestamp` column, nulls aside.
    var greatest: Int64? {
        guard let values = int64s else { return nil }
        guard let validity else { return values.max() }
        var best: Int64?
        for row in 0..<count where validity[row] { best = max(best ?? .min, values[row]) }
        return best
    }
}
