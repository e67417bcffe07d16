import Columns
import EventLog
import Runtime
import SQL

/// What a job reads: a table from where it stopped. A topic is followed by offset: what the job can't take yet waits in
/// the log. All scans of one topic that stand at the same place are one input: what is read and decoded once is handed to
/// each.
final class JobInput {
    /// What a call of `advance` came to.
    enum Advance {
        /// There is nothing now.
        case nothing
        case rows
        /// Shards are at it; the job is woken when they are done.
        case busy
        /// Shards are at it, and this thread has more to do for them.
        case again
    }

    private enum Source {
        case topic(LogSource)
        case folder(FolderSource)
        /// Ends; a stop is made good by reading past what was read.
        case bounded(any BatchSource)
    }

    let topic: String?
    /// It is looked up by the other inputs.
    let isTable: Bool
    private let source: Source
    let name: String
    private(set) var scans: [JobScan]
    /// What shares the rows out; `nil` where one thread takes them all.
    private(set) var shards: JobShards?
    /// What shares the rows out by their keys; `nil` where nothing does.
    private(set) var exchange: JobExchange?
    /// Of what is read, the columns that each scan wants; `nil` for all as they are.
    let columns: [[Int]?]
    private let clock: any Clock
    /// What is read of each row.
    private let schema: Schema
    private let eventLog: EventLog?
    /// Columns whose type in the topic is told to be another than the one that is read.
    private var changedColumns: Set<String> = []
    /// Rows at the last look at the topic's types.
    private var rowsAtLook: Int64 = 0
    private let deadLetters: DeadLetters?
    /// What no expression could make anything of in the shards, as of when they rested last.
    private var letters: [Batch] = []
    private var rowsRead: Int64 = 0
    /// Memory of the batches that were read in this run.
    private(set) var bytes: Int64 = 0
    /// Rows of a bounded source that were handed on before the stop.
    private var rowsToSkip: Int64 = 0
    private(set) var isFinished = false

    /// - Parameters:
    ///   - scans: of one table, not empty; of a topic several that stand at one place.
    ///   - offsets: where to go on, if it read before.
    init(
        _ scans: [JobScan], service: QueryService, from position: LogPosition, offsets: [Int: Int64]?,
        deadLetters: DeadLetters?
    ) throws(SQLError) {
        isTable = scans[0].isTable
        let first = scans[0].reading
        self.scans = scans
        self.clock = service.clock
        self.deadLetters = deadLetters
        topic = first.topic
        name = topic ?? first.table.description.name
        var schema = Schema([])
        if let topic {
            guard let log = service.log else {
                throw SQLError(code: .unknownTable, message: "there is no event log to read \(topic) from")
            }
            schema = Self.union(scans.map(\.reading.schema))
            source = .topic(
                try LogSource(
                    log: log, topic: topic, columns: schema, timeName: first.timeName,
                    times: Self.union(scans.map(\.reading.times)), isBounded: false,
                    metadata: first.table.metadata, offsets: offsets ?? [:], from: position))
        } else if case .watched(let path, let format, let options) = first.table.source {
            schema = first.schema
            source = .folder(
                FolderSource(
                    path: path, format: format, columns: schema, options: options, offsets: offsets,
                    fromLatest: position == .latest, clock: service.clock))
        } else {
            schema = first.schema
            rowsToSkip = offsets?[0] ?? 0
            source = .bounded(try PreparedQuery.makeSource(first, service))
        }
        self.schema = schema
        eventLog = service.log
        columns = scans.map { scan in
            let wanted = scan.reading.schema.fields.compactMap { schema.index(of: $0.name) }
            return wanted.elementsEqual(0..<schema.count) ? nil : wanted
        }
    }

    /// The columns of all, each once.
    private static func union(_ schemas: [Schema]) -> Schema {
        var fields: [Field] = []
        for field in schemas.flatMap(\.fields) where !fields.contains(where: { $0.name == field.name }) {
            fields.append(field)
        }
        return Schema(fields)
    }

    /// The times that any of the scans wants; `nil` for all.
    private static func union(_ times: [Range<Int64>?]) -> Range<Int64>? {
        let known = times.compactMap(\.self)
        guard known.count == times.count, let low = known.map(\.lowerBound).min(),
            let high = known.map(\.upperBound).max()
        else { return nil }
        return low..<high
    }

    /// How far event time has come in the scan that is the farthest behind.
    var watermark: Int64 { scans.map(\.watermark).min() ?? .min }

    /// How far an event time was ahead of the clock at most, microseconds.
    var farthestAhead: Int64 { scans.map(\.farthestAhead).max() ?? 0 }

    /// Tables are read before the streams that look into them; then what is the farthest behind.
    func isBefore(_ other: JobInput) -> Bool {
        isTable == other.isTable ? watermark < other.watermark : isTable
    }

    /// In this run.
    var rows: Int64 { rowsRead }

    /// Without those that a bounded source gives again.
    var freshRows: Int64 { max(0, rowsRead - rowsToSkip) }

    /// How far a scan has come. The rows of what ends may come in any order: it tells no event time before its end.
    func standing(of scan: JobScan) -> InputMeetings.Standing? {
        if isFinished { return nil }
        return .init(watermark: goesOn ? scan.watermark : .min, isIdle: scan.isIdle)
    }

    private var goesOn: Bool { if case .bounded = source { false } else { true } }

    /// Of a folder: bytes that were not read yet, and lines that were no rows.
    var waiting: (bytes: Int64, malformed: Int64) {
        guard case .folder(let folder) = source else { return (0, 0) }
        return (folder.lagBytes, Int64(folder.malformedLines))
    }

    /// Where the rows come from, in words.
    var place: String? {
        if case .folder(let folder) = source { return "files of \(folder.path)" }
        return topic.map { "topic \($0)" }
    }

    /// What the source has to tell since the last time.
    func takeNotes() -> [String] {
        if case .folder(let folder) = source { return folder.takeNotes() }
        guard let topic, rowsRead > rowsAtLook, let known = eventLog?.topic(topic)?.schema else { return [] }
        rowsAtLook = rowsRead
        var notes: [String] = []
        for field in schema.fields {
            guard let index = known.index(of: field.name), known.fields[index].type != field.type,
                scans[0].reading.table.metadata[field.name] == nil,
                !scans.contains(where: { $0.reading.table.converted.contains(field.name) }),
                changedColumns.insert(field.name).inserted
            else { continue }
            let isDeclared = scans[0].reading.table.isDeclared
            notes.append(
                "column \(field.name) of \(topic) has become \(known.fields[index].type), and the job reads \(field.type): "
                    + "what that doesn't hold is null" + (isDeclared ? "" : "; a restart reads it as it is"))
        }
        return notes
    }

    func serves(_ key: String) -> Bool { scans.contains { $0.key == key } }

    /// The offset of the next row by partition; of a bounded input the rows read, as partition 0.
    var offsets: [Int: Int64] {
        switch source {
        case .topic(let log): log.nextOffsets
        case .folder(let folder): folder.offsets
        case .bounded: [0: max(rowsRead, rowsToSkip)]
        }
    }

    /// Where the scans stand, for a checkpoint: at a barrier, that is between two batches.
    var saved: [Checkpoint.Input] {
        let offsets = offsets
        return scans.map { $0.saved(offsets: offsets) }
    }

    /// Hands on what there is: a batch, or a round of the shards.
    ///
    /// - Parameters:
    ///   - deadline: of the system's clock, for rounds.
    ///   - mayOverlap: whether shards may begin the next round while this thread hands on what came of the last.
    ///   - wake: has the job go on, from another thread.
    func advance(
        until deadline: Int64, mayOverlap: () -> Bool, wake: @escaping @Sendable () -> Void
    ) throws(SQLError) -> Advance {
        if let exchange { return try advance(exchange, until: deadline, mayOverlap, wake) }
        if case .topic(let log) = source, let shards {
            return try advance(shards, log, until: deadline, mayOverlap, wake)
        }
        return try advance() ? .rows : .nothing
    }

    /// Hands on a batch, if there is one.
    private func advance() throws(SQLError) -> Bool {
        if isFinished { return false }
        guard let batch = try nextBatch() else {
            try nothingNow()
            return false
        }
        count(batch)
        guard let unseen = skip(batch) else { return true }
        deadLetters?.place = place(of: unseen)
        let now = clock.now()
        for index in scans.indices {
            try scans[index].accept(columns[index].map { unseen.project($0) } ?? unseen, now: now)
        }
        // The rows of a bounded input may come in any order: its windows close at its end.
        if goesOn { try announce() }
        return true
    }

    private func nextBatch() throws(SQLError) -> Batch? {
        switch source {
        case .topic(let log): try log.next()
        case .folder(let folder): try folder.next()
        case .bounded(let bounded): try bounded.next()
        }
    }

    private func count(_ batch: Batch) {
        rowsRead += Int64(batch.rowCount)
        bytes += Int64(batch.memoryBytes)
    }

    /// - Parameter unseen: what is left of the batch that was read last.
    private func place(of unseen: Batch) -> DeadLetters.Place {
        if case .topic(let log) = source, let read = log.lastRead {
            return DeadLetters.Place(source: name, partition: read.partition, offsets: read.offsets)
        }
        return DeadLetters.Place(
            source: name, partition: nil, offsets: rowsRead - Int64(unseen.rowCount)..<rowsRead)
    }

    /// Has the idle scans go along with others. While there is nothing, and no round.
    ///
    /// - Parameter others: how far those have come that a scan meets.
    func bringUpIdle(_ others: (JobScan) -> Int64?) throws(SQLError) {
        var hasMoved = false
        for index in scans.indices where scans[index].isIdle {
            guard let time = others(scans[index]), scans[index].watermarks.bringUp(to: time) else { continue }
            hasMoved = true
        }
        guard hasMoved else { return }
        guard let exchange else { return try announce() }
        for index in scans.indices { try exchange.advance(index, to: scans[index].watermark) }
    }

    private func nothingNow() throws(SQLError) {
        guard !goesOn else {
            let now = clock.now()
            for index in scans.indices { scans[index].tick(now: now) }
            return try announce()
        }
        isFinished = true
        for scan in scans { try scan.close() }
    }

    /// What of the batch was not handed on before a stop; `nil` for nothing of it.
    private func skip(_ batch: Batch) -> Batch? {
        guard case .bounded = source, rowsRead - Int64(batch.rowCount) < rowsToSkip else { return batch }
        let known = Int(min(rowsToSkip - (rowsRead - Int64(batch.rowCount)), Int64(batch.rowCount)))
        return known == batch.rowCount ? nil : batch.slice(known..<batch.rowCount)
    }

    private func announce() throws(SQLError) {
        for index in scans.indices {
            try gather(index)
            try scans[index].announce()
        }
    }
}

// MARK: Shards

extension JobInput {
    /// Has shards share the rows out.
    ///
    /// - Parameter makeLane: of the lane's number, the source, its name, and the columns that each scan wants of what is read.
    func share(
        among count: Int, service: QueryService,
        _ makeLane: (Int, LogSource, String, [[Int]?]) throws(SQLError) -> ShardLane
    ) throws(SQLError) {
        guard case .topic(let log) = source else { return }
        var lanes: [ShardLane] = []
        for number in 0..<count { lanes.append(try makeLane(number, log, name, columns)) }
        let shards = JobShards(lanes, service: service)
        for scan in scans { scan.input.stage.shardedAggregate?.op.team = shards.team }
        self.shards = shards
    }

    /// The first stage of a scan in each shard.
    func shardStages(of key: String) -> [Stage] {
        guard let shards, let index = scans.firstIndex(where: { $0.key == key }) else { return [] }
        return shards.lanes.map { $0.paths[index].input.stage }
    }

    /// Between two rounds everything stands where a checkpoint can say it.
    var isInRound: Bool { shards?.round != nil || exchange?.round != nil }

    func takeDeadLetters() -> [Batch] {
        defer { letters = [] }
        return letters
    }

    func close() {
        shards?.close()
        exchange?.close()
    }

    private func advance(
        _ shards: JobShards, _ log: LogSource, until deadline: Int64, _ mayOverlap: () -> Bool,
        _ wake: @escaping @Sendable () -> Void
    ) throws(SQLError) -> Advance {
        if shards.round == nil, try !begin(shards, log, wake) {
            try nothingNow()
            return .nothing
        }
        let (progress, result) = try shards.work(until: deadline)
        guard let result else { return progress == .again ? .again : .busy }
        rowsRead += result.rows
        bytes += result.bytes
        for index in scans.indices {
            scans[index].watermarks = result.trackers[index]
            try gather(index)
        }
        letters += shards.takeDeadLetters()
        if mayOverlap() { _ = try begin(shards, log, wake) }
        for index in scans.indices { try scans[index].announce() }
        return .rows
    }

    /// - Returns: whether there is anything for the shards.
    private func begin(
        _ shards: JobShards, _ log: LogSource, _ wake: @escaping @Sendable () -> Void
    ) throws(SQLError) -> Bool {
        var pieces: [LogPiece] = []
        while pieces.count < shards.piecesOfRound, let piece = try log.nextPiece() { pieces.append(piece) }
        guard !pieces.isEmpty else { return false }
        shards.begin(pieces, trackers: scans.map(\.watermarks), now: clock.now(), wake: wake)
        return true
    }

    /// Takes from the shards what a scan's aggregate needs to answer the windows that its watermark closes.
    private func gather(_ index: Int) throws(SQLError) {
        let watermark = scans[index].watermark
        guard let shards, watermark > .min, let aggregate = scans[index].input.stage.shardedAggregate else { return }
        for lane in shards.lanes {
            try aggregate.absorb(lane.paths[index].aggregate, closingBy: watermark)
        }
    }
}

// MARK: Shards by key

extension JobInput {
    /// What decodes pieces of the topic, if it is one.
    var log: LogSource? {
        if case .topic(let log) = source { return log }
        return nil
    }

    /// Has shards share the rows out by their keys.
    func share(_ exchange: JobExchange) { self.exchange = exchange }

    private func advance(
        _ exchange: JobExchange, until deadline: Int64, _ mayOverlap: () -> Bool,
        _ wake: @escaping @Sendable () -> Void
    ) throws(SQLError) -> Advance {
        if isFinished { return .nothing }
        if exchange.round == nil, try !begin(exchange, wake) {
            let now = clock.now()
            for index in scans.indices {
                scans[index].tick(now: now)
                try exchange.advance(index, to: scans[index].watermark)
            }
            return .nothing
        }
        let closes = exchange.round?.closes ?? false
        let (progress, result) = try exchange.work(until: deadline)
        guard let result else { return progress == .again ? .again : .busy }
        if case .topic = source {
            rowsRead += result.rows
            bytes += result.bytes
        }
        for index in scans.indices { scans[index].watermarks = result.trackers[index] }
        letters += exchange.takeDeadLetters()
        if !closes, mayOverlap() { _ = try begin(exchange, wake) }
        try exchange.handOn()
        isFinished = closes
        return .rows
    }

    /// - Returns: whether there is anything for the shards: rows, or the end of the input.
    private func begin(
        _ exchange: JobExchange, _ wake: @escaping @Sendable () -> Void
    ) throws(SQLError) -> Bool {
        var pieces: [ExchangeRound.Piece] = []
        while pieces.count < exchange.piecesOfRound, let piece = try nextPiece() { pieces.append(piece) }
        guard !pieces.isEmpty || !goesOn else { return false }
        // The rows of a bounded input may come in any order: its windows close at its end.
        exchange.begin(
            pieces, trackers: scans.map(\.watermarks), now: clock.now(), hasWatermarks: goesOn,
            closes: pieces.isEmpty, wake: wake)
        return true
    }

    private func nextPiece() throws(SQLError) -> ExchangeRound.Piece? {
        if let log { return try log.nextPiece().map { .stored($0) } }
        while let batch = try nextBatch() {
            count(batch)
            if let unseen = skip(batch) { return .rows(unseen, place(of: unseen)) }
        }
        return nil
    }
}
