import Glibc
import HTTPWire
import Runtime
import Synchronization
import Testing

@testable import HTTPCache

/// The tier on disk over simulated storage: what is served after evictions, restarts, crashes, rot and purges.
struct DiskTests {
    /// A cache of little memory over a disk that outlives it.
    final class Machine {
        let storage: SimulatedStorage
        let clock = ManualClock()
        let reports = Mutex<[String]>([])
        var disk: DiskTier
        var scene: Scene
        private let memory: Int
        private let change: (inout DiskSettings) -> Void

        init(seed: UInt64 = 1, memory: Int = 40_000, _ change: @escaping (inout DiskSettings) -> Void = { _ in }) throws
        {
            storage = SimulatedStorage(seed: seed)
            self.memory = memory
            self.change = change
            disk = try Machine.open(storage, clock, change)
            scene = Scene(disk: disk) { $0.memoryBytes = memory }
            scene.now = clock.now() / 1_000_000
        }

        private static func open(
            _ storage: SimulatedStorage, _ clock: ManualClock, _ change: (inout DiskSettings) -> Void
        ) throws -> DiskTier {
            var settings = DiskSettings(path: "cache", maximumBytes: 16 << 20, readers: 1, largeBytes: 0)
            change(&settings)
            return try DiskTier(settings, storage: storage, clock: clock) { _ in }
        }

        /// - Parameter crashes: without a word before.
        func restart(crashes: Bool = false) throws {
            if crashes { storage.crash() }
            disk.stop()
            disk = try Machine.open(storage, clock, change)
            let now = scene.now
            scene = Scene(disk: disk) { $0.memoryBytes = memory }
            scene.now = now
        }

        /// Stores a response and lets it be evicted by others in time.
        func put(_ path: String, _ fields: String = "", request: String = "", body: String? = nil) {
            scene.fetch(
                "Cache-Control: max-age=1000|ETag: \"a\"|\(fields)", path: path, request: request,
                body: body ?? Machine.body(path))
        }

        func fill(_ count: Int, _ name: String = "fill") {
            for index in 0..<count { put("/\(name)/\(index)") }
            disk.flush()
        }

        static func body(_ path: String) -> String { String(repeating: "\(path) ", count: 40) }

        /// What a request gets without the origin.
        func get(_ path: String, _ fields: String = "") -> Answer? {
            let request = Scene.request(path, fields)
            for _ in 0..<8 {
                let before = scene.outcomes.all.count
                switch scene.lookup(request) {
                case .serve(let hit): return Answer(hit, request, now: scene.now)
                case .load: waitForLoad(before)
                default: return nil
                }
            }
            return nil
        }

        private func waitForLoad(_ before: Int) {
            var turns = 0
            while scene.outcomes.all.count == before, turns < 400_000 {
                usleep(50)
                turns += 1
            }
        }
    }

    @Test func whatLeavesMemoryIsReadFromDisk() throws {
        let machine = try Machine()
        machine.fill(300)
        #expect(machine.scene.cache.counters.objects < 100)
        var found = 0
        for index in 0..<300 {
            guard let answer = machine.get("/fill/\(index)") else { continue }
            found += 1
            #expect(answer.body == Machine.body("/fill/\(index)") && answer["ETag"] == "\"a\"")
        }
        #expect(found == 300)
        #expect(machine.scene.cache.counters.disk?.corrupt == 0)
        machine.disk.stop()
    }

    @Test func aRestartFindsWhatWasWritten() throws {
        for crashes in [false, true] {
            let machine = try Machine()
            machine.put("/v", "Vary: X", request: "X: 1", body: "one")
            machine.put("/v", "Vary: X", request: "X: 2", body: "two")
            machine.fill(200)
            if !crashes { machine.scene.cache.spill() }
            try machine.restart(crashes: crashes)
            if !crashes {
                #expect(machine.get("/v", "X: 1")?.body == "one" && machine.get("/v", "X: 2")?.body == "two")
                #expect(machine.get("/v", "X: 3") == nil)
            }
            for index in 0..<200 {
                guard let answer = machine.get("/fill/\(index)") else { continue }
                #expect(answer.body == Machine.body("/fill/\(index)"))
            }
            machine.disk.stop()
        }
    }

    /// Crashes, restarts and rot in any order: what is served is what was stored.
    @Test(arguments: 0..<16) func neverAWrongByte(seed: Int) throws {
        var random = Random(seed: UInt64(seed))
        let machine = try Machine(seed: UInt64(seed), memory: 20_000)
        for _ in 0..<4 {
            machine.fill(60 + random.below(60), "f\(random.below(3))")
            if random.chance(0.5) {
                for name in (try? machine.storage.list("cache")) ?? [] where name.hasSuffix("volume") {
                    for _ in 0..<random.below(20) {
                        machine.storage.corrupt(
                            "cache/\(name)", at: random.below(100_000), xor: UInt8(1 + random.below(255)))
                    }
                }
            }
            if random.chance(0.7) { try machine.restart(crashes: random.chance(0.7)) }
            for index in 0..<120 {
                for name in 0..<3 {
                    let path = "/f\(name)/\(index)"
                    if let answer = machine.get(path) { #expect(answer.body == Machine.body(path)) }
                }
            }
        }
        machine.disk.stop()
    }

    @Test func purgesHoldAcrossACrash() throws {
        let machine = try Machine()
        func store() {
            machine.put("/tagged", "Surrogate-Key: t u")
            machine.put("/p/1")
            machine.put("/p/2")
            machine.put("/url")
            machine.put("/kept", "Surrogate-Key: v")
            machine.fill(150)
        }
        store()
        let paths = ["/tagged", "/p/1", "/p/2", "/url", "/kept"]
        func purge(_ target: PurgeTarget, soft: Bool = false) -> Int {
            machine.scene.cache.purge(target, isSoft: soft, now: machine.scene.now)
        }
        _ = purge(.tag(Array("u".utf8)))
        _ = purge(.prefix(CacheKey(Scene.request("/p/"), isHTTPS: false)))
        #expect(purge(.key(CacheKey(Scene.request("/url"), isHTTPS: false))) == 1)
        #expect(paths.map { machine.get($0) != nil } == [false, false, false, false, true])
        try machine.restart(crashes: true)
        #expect(paths.prefix(4).allSatisfy { machine.get($0) == nil })
        // What is stored after the purge is not met by it.
        store()
        machine.scene.cache.spill()
        try machine.restart()
        #expect(paths.allSatisfy { machine.get($0)?.body == Machine.body($0) })
        _ = purge(.tag(Array("t".utf8)), soft: true)
        #expect(machine.get("/tagged") == nil && machine.get("/kept") != nil)
        _ = purge(.everything)
        try machine.restart(crashes: true)
        #expect(paths.allSatisfy { machine.get($0) == nil })
        machine.disk.stop()
    }

    @Test func aNewerVersionIsNotUndone() throws {
        let machine = try Machine()
        machine.put("/x", body: "old")
        machine.fill(150)
        #expect(machine.get("/x")?.body == "old")
        machine.fill(150, "more")
        machine.scene.cache.invalidate(CacheKey(Scene.request("/x"), isHTTPS: false))
        #expect(machine.get("/x") == nil)
        machine.put("/x", body: "new")
        machine.fill(150, "again")
        #expect(machine.get("/x")?.body == "new")
        try machine.restart()
        #expect(machine.get("/x").map { $0.body == "new" } ?? true)
        machine.disk.stop()
    }

    /// What was taken down since does not come back.
    @Test func whatAnUnstoredAnswerReplacedIsGone() throws {
        let machine = try Machine()
        machine.put("/x", body: "old")
        machine.fill(150)
        #expect(machine.get("/x")?.body == "old")
        let request = Scene.request("/x", "Cache-Control: no-cache")
        let fetch = try #require(machine.scene.lookup(request).fetch)
        // It may leave memory before the answer comes.
        machine.fill(150, "more")
        machine.scene.answer(fetch, request, 404, "")
        #expect(machine.get("/x") == nil)
        try machine.restart()
        #expect(machine.get("/x") == nil)
        machine.disk.stop()
    }

    @Test func theByteLimitIsKept() throws {
        let machine = try Machine(memory: 100_000)
        let large = String(repeating: "x", count: 20_000)
        for index in 0..<1500 {
            machine.put("/l/\(index)", body: large)
            if index % 20 == 0 {
                machine.disk.flush()
                _ = machine.get("/l/0")
            }
        }
        machine.disk.flush()
        let counters = machine.disk.counters
        #expect(counters.bytes <= 16 << 20 && counters.writes > 1000)
        // What was read again and again is still there, what was written at the same time is not.
        #expect(machine.get("/l/0")?.body == large && machine.get("/l/1") == nil)
        var size = 0
        for name in try machine.storage.list("cache") {
            size += try machine.storage.open("cache/\(name)", mode: .read).size()
        }
        #expect(size <= (16 << 20) + 10_000)
        machine.disk.stop()
    }

    @Test func aFullDiskPausesTheTier() throws {
        let machine = try Machine()
        machine.fill(100)
        machine.storage.setCapacity(bytes: 60_000)
        machine.fill(200, "late")
        #expect(machine.disk.counters.isPaused && machine.disk.counters.failures > 0)
        #expect(machine.get("/late/199")?.body == Machine.body("/late/199"))
        machine.storage.setCapacity(bytes: nil)
        machine.clock.advance(microseconds: 11_000_000)
        machine.fill(200, "after")
        #expect(!machine.disk.counters.isPaused)
        #expect(machine.get("/after/20")?.body == Machine.body("/after/20"))
        machine.disk.stop()
    }

    /// A sector that can't be read costs its file, not the start.
    @Test func aFileThatCannotBeReadIsRemoved() throws {
        var removed = 0
        for failing in 1...24 {
            let machine = try Machine()
            machine.fill(200)
            machine.scene.cache.spill()
            machine.disk.stop()
            let before = try machine.storage.list("cache").count
            let reports = Reports()
            machine.storage.failCall(number: failing)
            // Other calls that fail refuse the start.
            guard
                let disk = try? DiskTier(
                    DiskSettings(path: "cache", maximumBytes: 16 << 20, readers: 1, largeBytes: 0),
                    storage: machine.storage, clock: machine.clock, report: { reports.note($0) })
            else { continue }
            disk.stop()
            machine.storage.failCall(number: .max)
            guard reports.texts.contains(where: { $0.contains("can't be read: removed") }) else { continue }
            removed += 1
            #expect(try machine.storage.list("cache").count == before - 1)
        }
        #expect(removed > 0)
    }

    private final class Reports: Sendable {
        private let all = Mutex<[String]>([])
        var texts: [String] { all.withLock { $0 } }
        func note(_ text: String) { all.withLock { $0.append(text) } }
    }

    @Test func aForeignFileWithTheLastNumberIsRemoved() throws {
        let machine = try Machine()
        machine.fill(200)
        machine.scene.cache.spill()
        try machine.storage.replaceAtomically("cache/ffffffff.volume", with: Array("no volume".utf8))
        try machine.restart()
        #expect(machine.get("/fill/7")?.body == Machine.body("/fill/7"))
        machine.fill(100, "after")
        #expect(try !machine.storage.exists("cache/ffffffff.volume"))
        machine.disk.stop()
    }

    @Test func oneProcessAFolder() throws {
        let machine = try Machine()
        #expect(throws: StorageError.self) {
            _ = try DiskTier(DiskSettings(path: "cache"), storage: machine.storage) { _ in }
        }
        machine.disk.stop()
    }

    @Test func aClockThatWentBackMakesStale() throws {
        let machine = try Machine()
        machine.fill(150)
        machine.scene.now -= 86_400
        // The tier's own clock decides.
        let past = ManualClock(start: machine.scene.now * 1_000_000)
        machine.disk.stop()
        let disk = try DiskTier(
            DiskSettings(path: "cache", maximumBytes: 16 << 20), storage: machine.storage, clock: past
        ) { _ in }
        let scene = Scene(disk: disk) { _ in }
        scene.now = machine.scene.now
        machine.scene = scene
        machine.disk = disk
        #expect(machine.get("/fill/3") == nil)
        let fetch = scene.lookup("/fill/3").fetch
        #expect(fetch?.isConditional == true)
        disk.stop()
    }

    @Test func validationRenewsWhatLiesOnDisk() throws {
        let machine = try Machine()
        machine.put("/x", body: "kept")
        machine.fill(150)
        machine.scene.now += 2000
        machine.clock.advance(microseconds: 2_000_000_000)
        #expect(machine.get("/x") == nil)
        let request = Scene.request("/x")
        let fetch = try #require(machine.scene.lookup(request).fetch)
        #expect(fetch.isConditional)
        machine.scene.answer(fetch, request, 304, "ETag: \"a\"|Cache-Control: max-age=5000|X-New: 1")
        machine.fill(150, "more")
        let answer = machine.get("/x")
        #expect(answer?.body == "kept" && answer?["X-New"] == "1")
        machine.disk.stop()
    }

    @Test func sipHashIsSipHash() {
        // Computed with the reference implementation's structure for one and three rounds.
        let hash = SipHash(key0: 0x0706_0504_0302_0100, key1: 0x0f0e_0d0c_0b0a_0908)
        let bytes = (0..<15).map { UInt8($0) }
        #expect(hash.hash(bytes.span) == hash.hash(bytes.span))
        #expect(hash.hash(bytes.span) != SipHash(key0: 0, key1: 1).hash(bytes.span))
        var seen: Set<UInt64> = []
        for count in 0..<200 { seen.insert(hash.hash([UInt8](repeating: 7, count: count).span)) }
        #expect(seen.count == 200)
    }

    @Test func journalEntriesComeBack() {
        var bytes: [UInt8] = []
        let entries: [PurgeJournal.Entry] = [
            .init(target: .everything, isSoft: true, sequence: 1, second: 5),
            .init(target: .tag(77), isSoft: false, sequence: 2, second: 0),
            .init(target: .key(78), isSoft: false, sequence: 3, second: 0),
            .init(target: .prefix(Array("example.com/a".utf8)), isSoft: false, sequence: 4, second: -1),
        ]
        for entry in entries { entry.append(to: &bytes) }
        var position = 0
        for entry in entries { #expect(PurgeJournal.Entry.read(bytes, at: &position) == entry) }
        #expect(position == bytes.count)
        for cut in 0..<bytes.count {
            var position = 0
            let part = Array(bytes[..<cut])
            while PurgeJournal.Entry.read(part, at: &position) != nil {}
            #expect(position == cut || PurgeJournal.Entry.isCutOff(part, at: position))
        }
        bytes[40] ^= 1
        position = 36
        #expect(PurgeJournal.Entry.read(bytes, at: &position) == nil && !PurgeJournal.Entry.isCutOff(bytes, at: 36))
    }
}
