import Columns
import Runtime
import Synchronization
import Testing

@testable import EventLog

/// Random appends, faults and crashes on simulated storage, from a seed. What was acknowledged under `commit` must be
/// there after every crash, once, at the offset of the receipt, in order.
@Suite struct SimulationTests {
    @Test(arguments: 0..<4) func nothingAcknowledgedIsLost(block: UInt64) throws {
        for seed in block * 80..<(block + 1) * 80 {
            var simulation = Simulation(seed: seed)
            try simulation.run()
            if let complaint = simulation.complaint {
                Issue.record("seed \(seed): \(complaint)")
                return
            }
        }
    }
}

private struct Simulation {
    private enum Fate { case committed, appended, failed }

    private var random: Random
    private let storage: SimulatedStorage
    private let clock = ManualClock()
    private var nextNumber = 0
    private var fates: [Int: Fate] = [:]
    private var offsets: [Int: Int64] = [:]
    /// The first thing that was wrong.
    private(set) var complaint: String? {
        didSet { complaint = oldValue ?? complaint }
    }
    private let partitions = 2

    init(seed: UInt64) {
        self.random = Random(seed: seed)
        self.storage = SimulatedStorage(seed: seed ^ 0xABCD)
    }

    mutating func run() throws {
        for _ in 0..<3 + random.below(3) where complaint == nil {
            guard let engine = start() else { continue }
            check(engine)
            if random.chance(0.4) { storage.setFailureProbability(0.05) }
            for _ in 0..<random.below(20) { step(engine) }
            storage.setFailureProbability(0)
            storage.setCapacity(bytes: nil)
            storage.failCall(number: .max)
            checkAlive(engine)
            if random.chance(0.2) { engine.close() }
            storage.crash()
            // What was not committed may be gone now, and if it is, it stays so.
        }
        guard complaint == nil, let engine = start() else { return }
        check(engine)
    }

    private mutating func start() -> LogEngine? {
        var options = EventLogOptions(folder: "log")
        options.tailBytes = random.chance(0.5) ? 0 : 20_000
        // Starting may meet faults as well; the machine is started again then.
        if random.chance(0.2) { storage.failCall(number: 1 + random.below(30)) }
        for _ in 0..<3 {
            do throws(LogError) {
                let engine = try LogEngine(options, storage: storage, clock: clock)
                var settings = TopicSettings()
                settings.partitions = partitions
                settings.segmentBytes = 64 << 10
                settings.durability = .none
                settings.compression = .none
                try engine.createTopic("numbers", settings: settings, schema: salesSchema)
                storage.failCall(number: .max)
                return engine
            } catch {
                guard error.code == .storageFailed || error.code == .locked else {
                    complaint = "opening fails: \(error)"
                    return nil
                }
                storage.crash()
            }
        }
        complaint = "opening fails three times"
        return nil
    }

    private mutating func step(_ engine: LogEngine) {
        clock.advance(microseconds: Int64(random.below(400_000)))
        switch random.below(12) {
        case 0: engine.syncDue(intervalNanoseconds: 0)
        case 1: engine.syncDue(intervalNanoseconds: 100_000_000)
        case 2: storage.failCall(number: 1 + random.below(6), code: random.chance(0.5) ? .inputOutput : .noSpace)
        case 3: storage.setCapacity(bytes: random.chance(0.5) ? nil : 1000 + random.below(200_000))
        default: commit(engine)
        }
    }

    private mutating func commit(_ engine: LogEngine) {
        let answers = Outcomes()
        var group: [LogEngine.Append] = []
        for _ in 0...random.below(5) {
            let range = nextNumber..<nextNumber + random.below(10)
            nextNumber = range.upperBound
            let durability = Durability.allCases[random.below(3)]
            let batch = sales(range, textBytes: random.chance(0.1) ? 3000 : random.below(200))
            group.append(
                LogEngine.Append(
                    batch: batch, topic: "numbers", partition: random.below(partitions), durability: durability,
                    completion: { answers.add(range, durability, $0) }))
        }
        engine.commit(group)
        for (range, durability, result) in answers.all {
            switch result {
            case .success(let receipt):
                for (index, number) in range.enumerated() {
                    fates[number] = durability == .commit ? .committed : .appended
                    offsets[number] = Int64(receipt.partition) << 32 | (receipt.firstOffset + Int64(index))
                }
            case .failure:
                for number in range { fates[number] = .failed }
            }
        }
        if answers.all.count != group.count { complaint = "\(group.count) appends, \(answers.all.count) answers" }
    }

    /// Reads all: what must be there is there once, in order, where the receipt said.
    private mutating func check(_ engine: LogEngine) {
        let found = read(engine)
        if random.chance(0.3) {
            // Of a frame torn in one column a reader of another can give the rows: more may be found, never less.
            let projected = read(engine, columns: ["number"])
            for (number, at) in found where projected[number] != at { complaint = "\(number) is not found alone" }
        }
        for (number, fate) in fates {
            if let at = found[number] {
                if let offset = offsets[number], offset != at { complaint = "\(number) is at \(at), not at \(offset)" }
            } else if fate == .committed {
                complaint = "\(number) was committed and is lost"
            } else {
                // Gone for good; a later start must not bring it back.
                fates[number] = nil
                offsets[number] = nil
            }
        }
        for (number, at) in found where fates[number] == nil {
            complaint = "\(number) at \(at) was never appended, or had gone"
        }
        // What survived is on the device by now: recovery has synced it.
        for number in found.keys { fates[number] = .committed }
        for (number, at) in found { offsets[number] = at }
    }

    /// Without a crash in between, all that was appended is there, and nothing that failed.
    private mutating func checkAlive(_ engine: LogEngine) {
        let found = read(engine)
        for (number, fate) in fates where (found[number] != nil) != (fate != .failed) {
            complaint = "\(number) is \(fate) and \(found[number] == nil ? "missing" : "there") before any crash"
        }
    }

    private mutating func read(_ engine: LogEngine, columns: [String]? = nil) -> [Int: Int64] {
        var found: [Int: Int64] = [:]
        do {
            let topic = try engine.registry.topic("numbers")
            for view in topic.partitions {
                let reader = try LogReader(
                    view: view, schema: salesSchema, position: .earliest,
                    options: ReadOptions(columns: columns), frameBytes: 1 << 20)
                var last = -1
                while let batch = try reader.next(maximumRows: 1 + random.below(50)) {
                    for (row, number) in (batch.batch.column("number")?.int64s ?? []).enumerated() {
                        if let amounts = batch.batch.column("amount")?.decimals, amounts[row] != amount(Int(number)) {
                            complaint = "\(number) has the amount \(amounts[row])"
                        }
                        let at = Int64(view.number) << 32 | (batch.baseOffset + Int64(row))
                        if found.updateValue(at, forKey: Int(number)) != nil { complaint = "\(number) is there twice" }
                        if Int(number) <= last { complaint = "\(number) comes after \(last)" }
                        last = Int(number)
                    }
                }
                if reader.offset != view.nextOffset { complaint = "the reader ended at \(reader.offset)" }
            }
        } catch {
            complaint = "reading fails: \(error)"
        }
        return found
    }
}

private final class Outcomes: Sendable {
    private let outcomes = Mutex<[(Range<Int>, Durability, Result<AppendReceipt, LogError>)]>([])

    func add(_ range: Range<Int>, _ durability: Durability, _ result: Result<AppendReceipt, LogError>) {
        outcomes.withLock { $0.append((range, durability, result)) }
    }

    var all: [(Range<Int>, Durability, Result<AppendReceipt, LogError>)] { outcomes.withLock { $0 } }
}
