import Columns
import Runtime
import Testing

@testable import Edge

@Suite struct EventPumpTests {
    private struct Taken {
        var hasBegun = false
        var isOpen = false
        var times: [Int64] = []
    }

    /// The thread stands still in its first append: what is handed over then waits, from half of the room on as batches that
    /// who hands over has made; beyond the room it is waited for once, and dropped.
    @Test func aThreadThatIsBehindIsHelpedAndWhatFindsNoRoomIsCounted() {
        let taken = Monitor(Taken())
        let sink = EventSink { batch, completion in
            taken.update { $0.hasBegun = true }
            let open: Bool? = taken.wait(timeoutNanoseconds: 10_000_000_000) { $0.isOpen ? true : nil }
            taken.withLock { $0.times += batch.columns[0].int64s.map(Array.init) ?? [] }
            completion(open == true)
        }
        let pump = EventPump(edgeName: "edge", sink: sink, maximumBlocks: 4, waitMilliseconds: 20)
        func hand(_ times: Range<Int64>) {
            let block = pump.takeBlock()
            for time in times {
                var row = EventRow()
                row.timestamp = time
                block.rows.append(row)
            }
            pump.hand(block)
        }
        hand(0..<2)
        let began: Bool? = taken.wait(timeoutNanoseconds: 10_000_000_000) { $0.hasBegun ? true : nil }
        #expect(began == true)
        for number in 1..<7 as Range<Int64> { hand(number * 2..<number * 2 + 2) }
        #expect(pump.droppedRows == 4)
        taken.update { $0.isOpen = true }
        pump.stop(timeoutMilliseconds: 10_000)
        #expect(taken.withLock { $0.times } == Array(0..<10))
        #expect(pump.handedRows == 10)
    }

    /// A log that is slower than the requests slows these down.
    @Test func whoHandsOverWaitsForRoom() {
        let sink = EventSink { _, completion in
            Thread.sleep(microseconds: 2_000)
            completion(true)
        }
        let pump = EventPump(edgeName: "edge", sink: sink, maximumBlocks: 2, waitMilliseconds: 10_000)
        for _ in 0..<50 {
            let block = pump.takeBlock()
            block.rows.append(EventRow())
            pump.hand(block)
        }
        pump.stop(timeoutMilliseconds: 10_000)
        #expect(pump.handedRows == 50 && pump.droppedRows == 0)
    }
}
