import Glibc
import Runtime
import Synchronization
import Testing

@testable import Edge

@Suite struct ServiceBackPressureTests {
    /// Writes that end between the marks, taken by a reader that comes late: a wake-up that is lost anywhere leaves the
    /// writer held for ever.
    @Test(arguments: [20 << 10, 70 << 10, 250 << 10, 260 << 10, 600 << 10])
    func aHeldWriterIsAlwaysLetGoOn(pieceBytes: Int) throws {
        let pieces = 24
        let held = Atomic<Int>(0)
        let edge = try TestEdge(
            origin: nil,
            service: ClosureService { _, responder in
                let drained = Monitor(0)
                responder.onDrained { drained.update { $0 += 1 } }
                Thread.start(name: "stream") {
                    responder.start(status: 200, headers: [("Content-Type", "application/x-ndjson")])
                    let piece = [UInt8](repeating: 0x61, count: pieceBytes)
                    for _ in 0..<pieces {
                        let before = drained.withLock { $0 }
                        if responder.write(piece) { continue }
                        let goesOn = drained.wait(timeoutNanoseconds: 10_000_000_000) { $0 > before ? true : nil }
                        if goesOn == nil {
                            held.add(1, ordering: .relaxed)
                            return responder.abort()
                        }
                    }
                    responder.finish()
                }
            }
        ) { _ in }
        for round in 0..<6 {
            let client = try WireSocket.connect(edge.servicePort)
            try client.send("GET /stream HTTP/1.1\r\nHost: t\r\n\r\n")
            if round % 2 == 0 { usleep(50_000) }
            let response = try client.response()
            #expect(response.body.count == pieces * pieceBytes)
        }
        #expect(held.load(ordering: .relaxed) == 0)
    }
}
