import Columns
import Runtime
import Synchronization
import Testing

@testable import EventLog

@Suite struct AppendAndReadTests {
    let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    private func open(_ change: (inout EventLogOptions) -> Void = { _ in }) throws -> EventLog {
        var options = EventLogOptions(folder: folder.path)
        change(&options)
        return try EventLog.open(options)
    }

    @Test func whatIsAppendedIsReadInOrderAndAgainAfterAStart() throws {
        var log = try open()
        try log.createTopic("numbers", schema: numbersSchema)
        #expect(try log.appendAndWait(numbers(0..<10), to: "numbers").lastOffset == 9)
        let receipt = try log.appendAndWait(numbers(10..<30), to: "numbers", durability: .commit)
        #expect(receipt == AppendReceipt(topic: "numbers", partition: 0, firstOffset: 10, lastOffset: 29))
        #expect(try log.read(topic: "numbers", from: .earliest).allNumbers() == Array(0..<30))
        #expect(log.counters.appendedRows == 30 && log.counters.syncs >= 1)
        log.close()
        log = try open()
        #expect(log.recovery == RecoveryReport())
        #expect(log.topic("numbers")?.partitions[0].nextOffset == 30)
        #expect(try log.read(topic: "numbers", from: .earliest).allNumbers() == Array(0..<30))
        #expect(try log.read(topic: "numbers", from: .offset(25)).allNumbers() == Array(25..<30))
        #expect(try log.read(topic: "numbers", from: .latest).allNumbers() == [])
        let part = try log.read(
            topic: "numbers", from: .offset(3), options: ReadOptions(columns: ["number"], endOffset: 12))
        #expect(try part.allNumbers() == Array(3..<12))
        #expect(part.schema.fields == [Field("number", .int64)])
        log.close()
    }

    @Test(arguments: [Compression.none, .lz4, .zstd]) func projectionReadsFromDisk(compression: Compression) throws {
        let log = try open { $0.tailBytes = 0 }
        var settings = TopicSettings()
        settings.compression = compression
        try log.createTopic("numbers", settings: settings, schema: numbersSchema)
        try log.appendAndWait(numbers(0..<20_000, textBytes: 100), to: "numbers")
        var rows = 0
        let count = try log.read(topic: "numbers", from: .earliest, options: ReadOptions(columns: []))
        while let batch = try count.next() { rows += batch.batch.rowCount }
        #expect(rows == 20_000)
        let reader = try log.read(
            topic: "numbers", from: .earliest, options: ReadOptions(columns: ["text", "number"]))
        #expect(reader.schema.fields.map(\.name) == ["text", "number"])
        let first = try #require(try reader.next(maximumRows: 100))
        #expect(
            first.batch.rowCount == 100 && first.batch.columns[0].string(7) == "7" + String(repeating: "x", count: 100))
        #expect(try reader.allNumbers() == Array(100..<20_000))
        #expect(throws: LogError.self) {
            _ = try log.read(topic: "numbers", from: .earliest, options: ReadOptions(columns: ["nothing"]))
        }
        log.close()
    }

    @Test func framesOutsideTheTimesAreSkipped() throws {
        for tailBytes in [0, 8 << 20] {
            let log = try open { $0.tailBytes = tailBytes }
            let topic = "numbers\(tailBytes)"
            var settings = TopicSettings()
            settings.compression = .none
            try log.createTopic(topic, settings: settings, schema: numbersSchema)
            for start in stride(from: 0, to: 1000, by: 10) {
                try log.appendAndWait(numbers(start..<start + 10, textBytes: 1000), to: topic)
            }
            let times: Range<Int64> = 505_000_000..<521_000_000
            let reader = try log.read(topic: topic, from: .earliest, options: ReadOptions(times: times))
            let all = try reader.allNumbers()
            #expect(all == Array(500..<530))
            log.close()
        }
    }

    @Test func smallAppendsShareFramesAndKeepTheirOffsets() throws {
        let engine = try LogEngine(
            EventLogOptions(folder: folder.path), storage: DiskStorage(), clock: ManualClock())
        try engine.createTopic("numbers", settings: TopicSettings(), schema: numbersSchema)
        let firsts = Mutex<[Int64]>([])
        engine.commit(
            (0..<1000).map { number in
                LogEngine.Append(batch: numbers(number..<number + 1), topic: "numbers", partition: 0) { result in
                    if case .success(let receipt) = result { firsts.withLock { $0.append(receipt.firstOffset) } }
                }
            })
        #expect(firsts.withLock { $0 } == Array(0..<1000))
        #expect(engine.counters.snapshot.frames == 1)
        engine.close()
        let log = try open()
        #expect(try log.read(topic: "numbers", from: .offset(333)).allNumbers() == Array(333..<1000))
        log.close()
    }

    @Test func aReaderAtTheEndIsWokenByAppends() throws {
        let log = try open()
        try log.createTopic("numbers", schema: numbersSchema)
        let reader = try log.read(topic: "numbers", from: .latest)
        #expect(try reader.next() == nil)
        #expect(!reader.waitForMore(timeoutMilliseconds: 1))
        Thread.start(name: "append") { log.append(numbers(0..<5), to: "numbers") }
        #expect(reader.waitForMore(timeoutMilliseconds: 20_000))
        #expect(try reader.allNumbers() == Array(0..<5))
        log.close()
        #expect(!reader.waitForMore(timeoutMilliseconds: nil))
    }

    @Test func subscribersSeeEveryBatchUntilTheyCancel() throws {
        let log = try open()
        try log.createTopic("numbers", schema: numbersSchema)
        let seen = Mutex<[Int64]>([])
        let subscription = try log.subscribe(topic: "numbers") { batch in
            seen.withLock { $0 += (batch.batch.column("number")?.int64s ?? []) }
        }
        try log.appendAndWait(numbers(0..<3), to: "numbers")
        subscription.cancel()
        try log.appendAndWait(numbers(3..<6), to: "numbers")
        #expect(seen.withLock { $0 } == [0, 1, 2])
        log.close()
    }

    @Test func schemasWidenAndOldEventsAreReadByTheNewOne() throws {
        let log = try open { $0.tailBytes = 0 }
        try log.createTopic("t", schema: Schema([Field("a", .int64), Field("b", .bool)]))
        func batch(_ fields: [Field], _ fill: (inout BatchBuilder) -> Void) -> Batch {
            var builder = BatchBuilder(schema: Schema(fields), capacity: 1)
            fill(&builder)
            builder.endRow()
            return builder.finish()
        }
        let old = batch([Field("a", .int64), Field("b", .bool)]) {
            $0[0].append(int64: 7)
            $0[1].append(bool: true)
        }
        try log.appendAndWait(old, to: "t")
        let fields = [Field("c", .string), Field("a", .float64), Field("b", .string)]
        let new = batch(fields) {
            $0[0].append(string: "x")
            $0[1].append(float64: 0.5)
            $0[2].append(string: "say \"no\"\n")
        }
        let refused = #expect(throws: LogError.self) { try log.appendAndWait(new, to: "t") }
        #expect(refused?.code == .schemaMismatch && refused?.fault == .caller)
        try log.widenTopic("t", with: Schema(fields))
        #expect(
            log.topic("t")?.schema.fields == [Field("a", .float64), Field("b", .json), Field("c", .string)])
        try log.appendAndWait(new.widened(to: log.topic("t")?.schema ?? new.schema), to: "t")
        let reader = try log.read(topic: "t", from: .earliest)
        let first = try #require(try reader.next()).batch
        #expect(first.column("a")?.float64s == [7] && first.column("b")?.string(0) == "true")
        #expect(first.column("c")?.isNull(0) == true)
        let second = try #require(try reader.next()).batch
        #expect(second.column("b")?.string(0) == "\"say \\\"no\\\"\\u000a\"")
        log.close()
        let again = try open()
        #expect(again.topic("t")?.schema.count == 3)
        again.close()
    }

    @Test func partitionsCountForThemselves() throws {
        let log = try open()
        var settings = TopicSettings()
        settings.partitions = 3
        try log.createTopic("numbers", settings: settings, schema: numbersSchema)
        #expect(try log.appendAndWait(numbers(0..<4), to: "numbers", partition: 2).firstOffset == 0)
        #expect(try log.appendAndWait(numbers(4..<6), to: "numbers", partition: 1).firstOffset == 0)
        #expect(try log.read(topic: "numbers", partition: 2, from: .earliest).allNumbers() == Array(0..<4))
        let error = #expect(throws: LogError.self) {
            try log.appendAndWait(numbers(0..<1), to: "numbers", partition: 3)
        }
        #expect(error?.code == .unknownPartition)
        log.close()
    }

    @Test func aFullQueueRefusesOrDropsAndCounts() throws {
        let log = try open { $0.queueBytes = 1 }
        try log.createTopic("numbers", schema: numbersSchema)
        let gate = Monitor(false)
        let entered = Monitor(false)
        log.append(numbers(0..<1), to: "numbers") { _ in
            entered.update { $0 = true }
            _ = gate.wait(timeoutNanoseconds: 20_000_000_000) { $0 ? true : nil }
        }
        _ = entered.wait(timeoutNanoseconds: 20_000_000_000) { $0 ? true : nil }
        #expect(!log.append(numbers(1..<3), to: "numbers"))
        let error = #expect(throws: LogError.self) { try log.appendAndWait(numbers(3..<4), to: "numbers") }
        #expect(error?.code == .overloaded && error?.retryable == true)
        gate.update { $0 = true }
        try log.flush()
        #expect(log.counters.droppedRows == 2 && log.counters.refusedRows == 1 && log.counters.queuedBytes == 0)
        log.close()
    }

    @Test func consumersKeepTheirPositions() throws {
        var log = try open()
        try log.createTopic("numbers", schema: numbersSchema)
        #expect(log.position(consumer: "job 1/α", topic: "numbers", partition: 0) == nil)
        try log.commitPosition(consumer: "job 1/α", topic: "numbers", partition: 0, offset: 5)
        try log.commitPosition(consumer: "job 1/α", topic: "numbers", partition: 1, offset: 8)
        try log.commitPosition(consumer: "job 1/α", topic: "numbers", partition: 0, offset: 6)
        log.close()
        log = try open()
        #expect(log.position(consumer: "job 1/α", topic: "numbers", partition: 0) == 6)
        #expect(log.position(consumer: "job 1/α", topic: "numbers", partition: 1) == 8)
        log.close()
    }

    @Test func aClosedLogSaysSo() throws {
        let log = try open()
        try log.createTopic("numbers", schema: numbersSchema)
        log.close()
        let error = #expect(throws: LogError.self) { try log.appendAndWait(numbers(0..<1), to: "numbers") }
        #expect(error?.code == .closed)
        #expect(throws: LogError.self) { try log.flush() }
        log.close()
    }

    @Test func namesAndSettingsAreChecked() throws {
        let log = try open()
        for name in ["", ".hidden", "a/b", "a b", "ä", String(repeating: "x", count: 201)] {
            let error = #expect(throws: LogError.self) { try log.createTopic(name, schema: numbersSchema) }
            #expect(error?.code == .invalidName)
        }
        var settings = TopicSettings()
        settings.partitions = 0
        let error = #expect(throws: LogError.self) {
            try log.createTopic("numbers", settings: settings, schema: numbersSchema)
        }
        #expect(error?.code == .invalidSetting)
        #expect(throws: LogError.self) { _ = try log.read(topic: "numbers", from: .earliest) }
        log.close()
    }
}
