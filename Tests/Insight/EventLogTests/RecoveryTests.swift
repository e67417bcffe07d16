import Columns
import Runtime
import Testing

@testable import EventLog

@Suite struct RecoveryTests {
    private static func path(_ base: Int, _ suffix: String = "log") -> String {
        let digits = String(base)
        return "log/topics/numbers/0/" + String(repeating: "0", count: 20 - digits.count) + digits + "." + suffix
    }

    private func open(
        _ storage: SimulatedStorage, clock: any Clock = ManualClock(),
        _ change: (inout EventLogOptions) -> Void = { _ in }
    ) throws -> EventLog {
        var options = EventLogOptions(folder: "log")
        options.tailBytes = 0
        change(&options)
        return try EventLog.open(options, storage: storage, clock: clock)
    }

    /// Frames of 10 rows, some 1.3 KB each.
    private func fill(_ log: EventLog, _ range: Range<Int>, textBytes: Int = 100) throws {
        for start in stride(from: range.lowerBound, to: range.upperBound, by: 10) {
            try log.appendAndWait(numbers(start..<start + 10, textBytes: textBytes), to: "numbers")
        }
    }

    /// Uncompressed, so that sizes are what the test says.
    private var plain: TopicSettings {
        var settings = TopicSettings()
        settings.compression = .none
        return settings
    }

    private func smallSegments() -> TopicSettings {
        var settings = plain
        settings.segmentBytes = 64 << 10
        return settings
    }

    @Test func aTornTailIsCutAndReported() throws {
        let storage = SimulatedStorage(seed: 1)
        let log = try open(storage)
        try log.createTopic("numbers", settings: plain, schema: numbersSchema)
        try fill(log, 0..<50)
        log.close()
        // The index goes too: what it covers counts as synced, so damage there would be no torn tail.
        try storage.remove(Self.path(0, "idx"))
        let file = try storage.open(Self.path(0), mode: .readWrite)
        let size = try file.size()
        try file.truncate(to: size - 7)
        let again = try open(storage)
        let cut = try #require(again.recovery.cutTails.first)
        #expect(cut.offset == 40 && cut.bytes.upperBound == size - 7 && cut.topic == "numbers")
        #expect(try again.read(topic: "numbers", from: .earliest).allNumbers() == Array(0..<40))
        #expect(try again.appendAndWait(numbers(40..<45), to: "numbers").firstOffset == 40)
        #expect(try again.read(topic: "numbers", from: .earliest).allNumbers() == Array(0..<45))
        again.close()
        #expect(try open(storage).recovery == RecoveryReport())
    }

    @Test func damageInTheMiddleIsAGap() throws {
        let storage = SimulatedStorage(seed: 1)
        var log = try open(storage)
        try log.createTopic("numbers", settings: plain, schema: numbersSchema)
        try fill(log, 0..<100)
        log.close()
        let frame = try storage.open(Self.path(0), mode: .read).size() / 10
        // One in a payload, one in a header.
        storage.corrupt(Self.path(0), at: frame * 3 + frame - 10)
        storage.corrupt(Self.path(0), at: frame * 6 + frame / 10)
        log = try open(storage)
        #expect(log.recovery == RecoveryReport())
        let verified = try log.verify()
        #expect(verified.gaps.count == 2 && verified.frames == 8 && verified.rows == 80)
        let reader = try log.read(topic: "numbers", from: .earliest)
        let all = try reader.allNumbers()
        let lost = Set(verified.gaps.flatMap { Array($0.offsets) })
        #expect(lost.count == 20 && reader.lostRows == 20)
        #expect(all == (0..<100).filter { !lost.contains(Int64($0)) })
        #expect(reader.gaps.map(\.offsets) == verified.gaps.map(\.offsets))
        log.close()
        // Without the index the frames are scanned, and the gaps are known from the start.
        try storage.remove(Self.path(0, "idx"))
        log = try open(storage)
        #expect(log.recovery.gaps.map(\.offsets) == verified.gaps.map(\.offsets) && log.recovery.cutTails.isEmpty)
        #expect(try log.read(topic: "numbers", from: .earliest).allNumbers() == all)
        #expect(try log.appendAndWait(numbers(100..<101), to: "numbers").firstOffset == 100)
        log.close()
    }

    /// Where the frame lies that begins with an offset.
    private static func frame(_ offset: Int64, in bytes: [UInt8]) throws -> Range<Int> {
        var place = 0
        while true {
            let found = FrameHeader(bytes.span.extracting(place..<place + FrameHeader.size), frameBytes: 1 << 20)
            let header = try #require(found)
            if header.baseOffset == offset { return place..<place + header.frameLength }
            place += header.frameLength
        }
    }

    /// Whoever verifies and whoever reads agree on what is none, with its checksums right too.
    @Test func aFrameOfOffsetsThatWereThereIsAGap() throws {
        let storage = SimulatedStorage(seed: 1)
        var log = try open(storage)
        try log.createTopic("numbers", settings: plain, schema: numbersSchema)
        try fill(log, 0..<100)
        log.close()
        let file = try storage.open(Self.path(0), mode: .readWrite)
        let bytes = try file.read(at: 0, count: try file.size())
        let range = try Self.frame(30, in: bytes)
        var frame = Array(bytes[range])
        frame.store(Int64(25), at: 32)
        FrameForger.mend(&frame)
        try file.write(frame.span, at: range.lowerBound)
        try file.sync()
        log = try open(storage)
        let verified = try log.verify()
        #expect(verified.gaps.map(\.offsets) == [30..<40] && verified.rows == 90)
        let reader = try log.read(topic: "numbers", from: .earliest)
        #expect(try reader.allNumbers() == Array(0..<30) + Array(40..<100))
        #expect(reader.gaps.map(\.offsets) == [30..<40])
        log.close()
    }

    /// On its way to where it begins a reader passes what lies in front, in the same block.
    @Test(arguments: [40, 45, 49, 50]) func damageInFrontCostsAReaderNothing(first: Int) throws {
        let storage = SimulatedStorage(seed: 1)
        var log = try open(storage)
        try log.createTopic("numbers", settings: plain, schema: numbersSchema)
        try fill(log, 0..<100)
        log.close()
        let bytes = try storage.readAll(Self.path(0), limit: 1 << 20)
        storage.corrupt(Self.path(0), at: try Self.frame(30, in: bytes).lowerBound + 9)
        log = try open(storage)
        #expect(try log.verify().gaps.map(\.offsets) == [30..<40])
        let reader = try log.read(topic: "numbers", from: .offset(Int64(first)))
        #expect(try reader.allNumbers() == Array(first..<100) && reader.gaps.isEmpty)
        log.close()
    }

    @Test func indexesAreMadeAgain() throws {
        let storage = SimulatedStorage(seed: 1)
        var log = try open(storage)
        try log.createTopic("numbers", settings: smallSegments(), schema: numbersSchema)
        try fill(log, 0..<400, textBytes: 1000)
        let segments = try #require(log.topic("numbers")?.partitions[0].segments)
        #expect(segments > 3)
        log.close()
        let names = try storage.list("log/topics/numbers/0").filter { $0.hasSuffix(".idx") }
        #expect(names.count == segments)
        for (number, name) in names.enumerated() {
            let path = "log/topics/numbers/0/" + name
            if number % 2 == 0 { try storage.remove(path) } else { storage.corrupt(path, at: 30) }
        }
        log = try open(storage)
        #expect(log.recovery.rebuiltIndexes.count == segments - 1 && log.recovery.gaps.isEmpty)
        #expect(try log.read(topic: "numbers", from: .offset(205)).allNumbers() == Array(205..<400))
        log.close()
        #expect(try open(storage).recovery == RecoveryReport())
    }

    @Test func retentionRemovesTheOldestSegments() throws {
        let storage = SimulatedStorage(seed: 1)
        let clock = ManualClock(start: 1_000_000_000)
        var options = EventLogOptions(folder: "log")
        options.tailBytes = 0
        let engine = try LogEngine(options, storage: storage, clock: clock)
        var settings = smallSegments()
        settings.retentionBytes = 150_000
        settings.retentionSeconds = nil
        try engine.createTopic("numbers", settings: settings, schema: numbersSchema)
        let view = try engine.registry.topic("numbers").partition(0)
        for start in stride(from: 0, to: 400, by: 10) {
            engine.commit([
                LogEngine.Append(batch: numbers(start..<start + 10, textBytes: 1000), topic: "numbers", partition: 0)
            ])
        }
        let reader = try LogReader(
            view: view, schema: numbersSchema, position: .earliest, options: ReadOptions(), frameBytes: 1 << 20)
        _ = try reader.next()
        engine.applyRetention()
        #expect(view.info.bytes <= 150_000 && view.firstOffset > 0 && view.nextOffset == 400)
        #expect(engine.counters.snapshot.removedSegments > 0)
        // One who reads a segment that went may finish it, and goes on with the oldest that is left.
        let seen = try reader.allNumbers()
        #expect(seen.last == 399 && seen == seen.sorted())
        // Retention by time: the events are from 1970, the arrival is now.
        settings.retentionBytes = nil
        settings.retentionSeconds = 60
        try engine.createTopic("numbers", settings: settings, schema: numbersSchema)
        clock.advance(microseconds: 3600 * 1_000_000)
        engine.applyRetention()
        #expect(view.info.segments == 1 && view.nextOffset == 400)
        engine.close()
        let again = try open(storage)
        #expect(again.topic("numbers")?.partitions[0].nextOffset == 400)
        again.close()
    }

    @Test func smallFramesAreCompactedWithoutAReaderNoticing() throws {
        for crashes in [false, true] {
            let storage = SimulatedStorage(seed: 3)
            var options = EventLogOptions(folder: "log")
            options.tailBytes = 0
            let engine = try LogEngine(options, storage: storage, clock: ManualClock())
            try engine.createTopic("numbers", settings: smallSegments(), schema: numbersSchema)
            let view = try engine.registry.topic("numbers").partition(0)
            var number = 0
            while view.info.segments < 2 {
                engine.commit([
                    LogEngine.Append(
                        batch: numbers(number..<number + 3), topic: "numbers", partition: 0, durability: .commit)
                ])
                number += 3
            }
            let reader = try LogReader(
                view: view, schema: numbersSchema, position: .earliest, options: ReadOptions(), frameBytes: 1 << 20)
            let first = try #require(try reader.next())
            let compaction = try #require(engine.takeCompaction())
            #expect(engine.takeCompaction() == nil)
            let outcome = try #require(compaction.run())
            let before = view.info
            engine.adopt(outcome, of: compaction)
            #expect(view.info.bytes < before.bytes / 4 && view.info.nextOffset == before.nextOffset)
            #expect(view.info.eventTimes == before.eventTimes)
            #expect(try first.batch.rowCount + reader.allNumbers().count == number)
            if crashes { storage.crash() } else { engine.close() }
            let again = try open(storage)
            #expect(again.recovery.gaps.isEmpty && again.recovery.cutTails.isEmpty)
            #expect(try again.read(topic: "numbers", from: .earliest).allNumbers() == Array(0..<number))
            #expect(try again.verify().frames < 10)
            again.close()
        }
    }

    @Test func aFullDeviceFailsAppendsAndRecovers() throws {
        let storage = SimulatedStorage(seed: 1)
        let log = try open(storage)
        try log.createTopic("numbers", settings: plain, schema: numbersSchema)
        try fill(log, 0..<50)
        let size = try storage.open(Self.path(0), mode: .read).size()
        storage.setCapacity(bytes: size + 1500)
        let error = #expect(throws: LogError.self) {
            try log.appendAndWait(numbers(50..<100, textBytes: 500), to: "numbers", durability: .commit)
        }
        #expect(error?.code == .storageFull && error?.retryable == true && error?.fault == .operation)
        #expect(error?.description.ranges(of: Self.path(0)).count == 1)
        #expect(log.counters.failedRows == 50 && log.counters.writeFailures == 1)
        #expect(log.counters.latestFailure?.code == .storageFull)
        #expect(try log.read(topic: "numbers", from: .earliest).allNumbers() == Array(0..<50))
        storage.setCapacity(bytes: nil)
        #expect(try log.appendAndWait(numbers(50..<60), to: "numbers", durability: .commit).firstOffset == 50)
        #expect(try log.read(topic: "numbers", from: .earliest).allNumbers() == Array(0..<60))
        log.close()
        storage.crash()
        let again = try open(storage)
        #expect(again.recovery == RecoveryReport())
        #expect(try again.verify().gaps.isEmpty)
        again.close()
    }

    /// Each call of storage fails once in turn; afterwards the log works, and nothing is there twice or missing.
    @Test func everyCallFailsOnce() throws {
        for call in 1..<60 {
            let storage = SimulatedStorage(seed: UInt64(call))
            storage.failCall(number: call)
            var opened: EventLog?
            for _ in 0..<2 where opened == nil { opened = try? open(storage) }
            let log = try #require(opened)
            for _ in 0..<2 where log.topic("numbers") == nil {
                try? log.createTopic("numbers", settings: smallSegments(), schema: numbersSchema)
            }
            var acknowledged: [Int] = []
            for start in stride(from: 0, to: 200, by: 20) {
                let batch = numbers(start..<start + 20, textBytes: 1000)
                if (try? log.appendAndWait(batch, to: "numbers", durability: .commit)) != nil {
                    acknowledged += start..<start + 20
                }
            }
            storage.failCall(number: .max)
            #expect(acknowledged.count >= 180)
            #expect(try log.read(topic: "numbers", from: .earliest).allNumbers() == acknowledged)
            log.close()
            let again = try open(storage)
            #expect(try again.read(topic: "numbers", from: .earliest).allNumbers() == acknowledged)
            again.close()
        }
    }
}
