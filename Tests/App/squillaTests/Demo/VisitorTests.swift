import Runtime
import Testing

@testable import squilla

@Suite("Visitors")
struct VisitorTests {
    private let catalogue = SampleCatalogue()

    private func walk(seed: UInt64) -> [VisitorWalk.Step] {
        var random = Random(seed: seed)
        var walk = VisitorWalk(catalogue: catalogue, popularity: Zipf(count: 200), random: &random)
        var steps: [VisitorWalk.Step] = []
        while let step = walk.next(&random), steps.count < 2000 { steps.append(step) }
        return steps
    }

    @Test("The same seed gives the same walk, and every walk ends")
    func seeded() {
        for seed in 0..<50 as Range<UInt64> {
            let steps = walk(seed: seed)
            #expect(!steps.isEmpty && steps.count < 2000)
            #expect(steps.map(\.path) == walk(seed: seed).map(\.path))
            #expect(steps.allSatisfy { $0.path.hasPrefix("/") && $0.pause >= 0 && !$0.path.contains(" ") })
        }
    }

    @Test("The rate of visits rests on the right length of a visit")
    func length() {
        let total = (0..<2000 as Range<UInt64>).reduce(0) { $0 + walk(seed: $1).count }
        let mean = Double(total) / 2000
        #expect(abs(mean - VisitorWalk.requestsPerVisit) < 4, "a visit makes \(mean) requests on average")
    }

    @Test("Visitors are of many kinds and go from page to page")
    func variety() {
        let steps = (0..<300 as Range<UInt64>).flatMap { walk(seed: $0) }
        #expect(Set(steps.map(\.path)).count > 200)
        #expect(Set(steps.map(\.method)) == ["GET", "POST", "HEAD"])
        #expect(steps.contains { $0.referrer?.hasPrefix("/p/") == true })
        #expect(steps.contains { $0.referrer?.hasPrefix("https://") == true })
    }

    @Test("Few products are asked for much, and all of them are asked for at times")
    func popularity() {
        let zipf = Zipf(count: 200)
        var random = Random(seed: 3)
        var counts = [Int](repeating: 0, count: 200)
        for _ in 0..<40_000 { counts[zipf.pick(&random)] += 1 }
        #expect(counts[0] > 5 * counts[20] && counts[20] > counts[150])
        #expect(counts.allSatisfy { $0 > 0 })
    }

    @Test("A day has a night and an evening, and joins the next one")
    func wave() {
        let wave = DailyWave(daySeconds: 600, startOfDay: 0)
        let factors = (0..<600).map { wave.factor(at: Double($0)) }
        #expect(factors.min()! >= 0.34 && factors.max()! <= 1.51)
        #expect(factors[100] < 0.5 && factors[520] > 1.4)
        #expect(abs(wave.factor(at: 599.9) - wave.factor(at: 600.1)) < 0.02)
    }

    @Test("Visitors come out of the queue when they are due, and in order")
    func queue() throws {
        let target = try LoadTarget("127.0.0.1:1")
        var random = Random(seed: 5)
        var queue = DueQueue()
        for _ in 0..<500 {
            let walk = VisitorWalk(catalogue: catalogue, popularity: Zipf(count: 200), random: &random)
            queue.add(Visitor(walk: walk, target: target, random: &random, isStopped: { true }), due: random.unit())
        }
        var previous = 0.0
        while let due = queue.nextDue {
            #expect(due >= previous)
            #expect(queue.takeDue(at: due - 1e-9) == nil)
            #expect(queue.takeDue(at: due) != nil)
            previous = due
        }
        #expect(queue.count == 0)
    }
}
