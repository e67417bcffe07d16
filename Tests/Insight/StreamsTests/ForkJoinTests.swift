import Runtime
import SQL
import Synchronization
import Testing

@testable import Streams

@Suite struct ForkJoinTests {
    private struct Broken: Sendable {
        let index: Int
        var error: SQLError { SQLError(code: .limitExceeded, message: "piece \(index)") }
    }

    @Test(arguments: [1, 2, 5]) func valuesStandInTheirOrder(threads: Int) throws {
        let pool = WorkerPool(threads: 2, tickMilliseconds: 5)
        defer { pool.stop() }
        let team = ForkJoin(threads: threads, pool: pool)
        defer { team.close() }
        for count in [0, 1, 2, 7, 300] {
            #expect(try team.map(count) { index throws(SQLError) in index * index } == (0..<count).map { $0 * $0 })
        }
    }

    @Test func theFirstErrorIsThrownWhenAllAreDone() throws {
        let pool = WorkerPool(threads: 2, tickMilliseconds: 5)
        defer { pool.stop() }
        let team = ForkJoin(threads: 3, pool: pool)
        defer { team.close() }
        let done = Atomic(0)
        let error = #expect(throws: SQLError.self) {
            try team.map(40) { index throws(SQLError) -> Int in
                done.add(1, ordering: .relaxed)
                if index == 30 || index == 11 { throw Broken(index: index).error }
                return index
            }
        }
        #expect(error?.message == "piece 11")
        #expect(done.load(ordering: .relaxed) == 40)
    }

    /// A pool whose threads have other things to do takes no part.
    @Test func whoForksNeedsNobody() throws {
        let pool = WorkerPool(threads: 0, tickMilliseconds: 5)
        let team = ForkJoin(threads: 4, pool: pool)
        #expect(try team.map(10) { index throws(SQLError) in index } == Array(0..<10))
    }

    @Test func othersTakePart() throws {
        let pool = WorkerPool(threads: 2, tickMilliseconds: 5)
        defer { pool.stop() }
        let team = ForkJoin(threads: 2, pool: pool)
        defer { team.close() }
        let met = Monitor(0)
        // Each waits for the other: one thread alone would be here for ten seconds.
        let both = try team.map(2) { _ throws(SQLError) in
            met.update { $0 += 1 }
            return met.wait(timeoutNanoseconds: 10_000_000_000) { $0 == 2 ? true : nil } == true
        }
        #expect(both == [true, true])
    }
}
