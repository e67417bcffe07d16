import Glibc
import HTTPWire
import Runtime

/// A share of the visitors on one thread: those whose next request is due act, one after the other.
struct VisitorThread {
    private static let sleepMostSeconds = 0.2
    private static let crowdSeconds = 5.0
    private static let crowd = 4.0

    let index: Int
    let target: LoadTarget
    let settings: VisitorSettings
    let catalogue: SampleCatalogue
    let popularity: Zipf
    let control: VisitorControl
    private var random: Random
    private var queue = DueQueue()
    private let clock = SystemClock()

    init(
        index: Int, target: LoadTarget, settings: VisitorSettings, catalogue: SampleCatalogue, popularity: Zipf,
        control: VisitorControl
    ) {
        self.index = index
        self.target = target
        self.settings = settings
        self.catalogue = catalogue
        self.popularity = popularity
        self.control = control
        random = Random(seed: settings.seed &+ UInt64(index) &* 7919)
    }

    /// Runs until the visitors are stopped.
    mutating func run() {
        let start = clock.monotonicNanoseconds()
        let wave = DailyWave(daySeconds: settings.daySeconds, startOfDay: settings.startOfDay)
        let perThread = settings.requestsPerSecond / VisitorWalk.requestsPerVisit / Double(settings.threads)
        // The first ones come at once and in a crowd: something to see.
        var nextArrival = 0.05 * Double(index)
        while !control.isStopped {
            let now = Double(clock.monotonicNanoseconds() - start) / 1e9
            if now >= nextArrival {
                if queue.count < settings.visitorsMost / settings.threads { admit(at: now) }
                // After a pause of the whole machine there is no rush of those who were held up.
                nextArrival =
                    max(nextArrival, now - 1)
                    + random.interval(
                        rate: perThread * wave.factor(at: now) * (now < Self.crowdSeconds ? Self.crowd : 1))
            }
            if let visitor = queue.takeDue(at: now) {
                if visitor.act() != nil { control.count() } else { control.countFailure() }
                schedule(visitor, at: Double(clock.monotonicNanoseconds() - start) / 1e9)
                continue
            }
            sleep(seconds: min(nextArrival, queue.nextDue ?? .infinity) - now)
        }
    }

    private mutating func admit(at now: Double) {
        let control = control
        let walk = VisitorWalk(catalogue: catalogue, popularity: popularity, random: &random)
        schedule(Visitor(walk: walk, target: target, random: &random, isStopped: { control.isStopped }), at: now)
    }

    private mutating func schedule(_ visitor: Visitor, at now: Double) {
        if let pause = visitor.plan(&random) { queue.add(visitor, due: now + pause) }
    }

    private func sleep(seconds: Double) {
        let bounded = max(0.001, min(Self.sleepMostSeconds, seconds))
        usleep(UInt32(bounded * 1e6))
    }
}

/// A binary heap of visitors by the moment of their next request.
struct DueQueue {
    private var entries: [(due: Double, visitor: Visitor)] = []

    var count: Int { entries.count }
    var nextDue: Double? { entries.first?.due }

    mutating func add(_ visitor: Visitor, due: Double) {
        entries.append((due, visitor))
        var child = entries.count - 1
        while child > 0, entries[child].due < entries[(child - 1) / 2].due {
            entries.swapAt(child, (child - 1) / 2)
            child = (child - 1) / 2
        }
    }

    mutating func takeDue(at now: Double) -> Visitor? {
        guard let first = entries.first, first.due <= now else { return nil }
        entries.swapAt(0, entries.count - 1)
        entries.removeLast()
        var parent = 0
        while true {
            var least = parent
            for child in [2 * parent + 1, 2 * parent + 2]
            where child < entries.count && entries[child].due < entries[least].due {
                least = child
            }
            if least == parent { break }
            entries.swapAt(parent, least)
            parent = least
        }
        return first.visitor
    }
}
