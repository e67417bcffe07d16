import Runtime

/// An answer that goes on, read as far as a test needs it.
final class OpenAnswer {
    private let socket: LoopbackSocket
    private(set) var text = ""
    private var bytes: [UInt8] = []

    init(_ socket: LoopbackSocket) { self.socket = socket }

    /// Reads until what has come satisfies `condition`.
    ///
    /// - Returns: false when it has not within the time, or the answer has ended before.
    func read(seconds: Int64 = 20, until condition: (String) -> Bool) -> Bool {
        let deadline = SystemClock().monotonicNanoseconds() + seconds * 1_000_000_000
        while !condition(text) {
            guard SystemClock().monotonicNanoseconds() < deadline else { return false }
            let piece = socket.receive(timeoutMilliseconds: 200)
            bytes += piece
            text = String(decoding: bytes, as: UTF8.self)
        }
        return true
    }

    /// The rows that have come whole, without notices.
    var rows: [String] {
        text.split(separator: "\n").filter { $0.hasPrefix("data: {\"n\"") || $0.hasPrefix("{\"n\"") }
            .map { String($0.trimmingPrefix("data: ")) }
    }
}
