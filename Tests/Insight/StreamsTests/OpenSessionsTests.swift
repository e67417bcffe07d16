import Testing

@testable import Streams

/// Against a plain way to find sessions: all rows that are held, sorted by key and time.
@Suite struct OpenSessionsTests {
    private struct Steps: RandomNumberGenerator {
        var state: UInt64
        mutating func next() -> UInt64 {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return state >> 16 | state << 48
        }
    }

    private struct Row {
        let number: UInt32
        let key: UInt32
        let time: Int64
    }

    /// Takes the rows of closed sessions out of `held`, by their end, then as they came.
    private static func close(_ held: inout [Row], gap: Int64, through watermark: Int64) -> [[Int64]] {
        var closed: [[Int64]] = []
        var open: [Row] = []
        var session: [Row] = []
        func end() {
            guard let first = session.first, let last = session.last else { return }
            let end = last.time + gap
            if end - 1 <= watermark {
                closed += session.map { [end, Int64($0.number), first.time] }
            } else {
                open += session
            }
            session = []
        }
        for row in held.sorted(by: { ($0.key, $0.time, $0.number) < ($1.key, $1.time, $1.number) }) {
            if let last = session.last, last.key != row.key || row.time > last.time + gap { end() }
            session.append(row)
        }
        end()
        held = open
        return closed.sorted { ($0[0], $0[1]) < ($1[0], $1[1]) }
    }

    @Test(arguments: 0..<60)
    func sessionsAreThoseOfAllRowsTogether(seed: Int) {
        var steps = Steps(state: UInt64(seed))
        let gap = Int64.random(in: 1...20, using: &steps)
        let spread = Int64.random(in: 0...60, using: &steps)
        let keys = UInt32.random(in: 1...5, using: &steps)
        var sessions = OpenSessions(gapMicroseconds: gap)
        var held: [Row] = []
        var clock: Int64 = 0
        for _ in 0..<40 {
            for _ in 0..<Int.random(in: 0...12, using: &steps) {
                let row = Row(
                    number: UInt32(sessions.rowNumbers), key: UInt32.random(in: 0..<keys, using: &steps),
                    time: clock + Int64.random(in: -spread...spread, using: &steps))
                sessions.add(key: row.key, time: row.time)
                held.append(row)
            }
            let closed = sessions.close(through: clock - spread / 2)
            let expected = Self.close(&held, gap: gap, through: clock - spread / 2)
            #expect(closed.map { [$0.end, Int64($0.row), $0.start] } == expected)
            #expect(sessions.rowCount == held.count)
            #expect(held.allSatisfy { sessions.holds(Int($0.number)) })
            clock += Int64.random(in: 0...gap, using: &steps)
        }
        #expect(sessions.close(through: .max - 1).count == held.count)
    }
}
