import Glibc
import Synchronization

/// Standard output with a buffer of our own: whole writes, and a quiet end when the reader is gone.
enum StandardOutput {
    private static let buffer = Mutex<[UInt8]>([])

    static let isTerminal = isatty(STDOUT_FILENO) == 1

    static func write(_ bytes: [UInt8]) {
        buffer.withLock { buffer in
            buffer.append(contentsOf: bytes)
            if buffer.count >= 65_536 { drain(&buffer) }
        }
    }

    static func write(line: String) { write(Array((line + "\n").utf8)) }

    static func flush() { buffer.withLock { drain(&$0) } }

    private static func drain(_ buffer: inout [UInt8]) {
        var sent = 0
        while sent < buffer.count {
            let count = buffer.withUnsafeBytes { Glibc.write(STDOUT_FILENO, $0.baseAddress! + sent, $0.count - sent) }
            if count < 0 {
                if errno == EINTR { continue }
                // `squilla sql … | head`: nobody reads any more.
                Glibc._exit(errno == EPIPE ? 0 : 1)
            }
            sent += count
        }
        buffer.removeAll(keepingCapacity: true)
    }
}

enum StandardError {
    static func write(line: String) {
        let bytes = Array((line + "\n").utf8)
        _ = bytes.withUnsafeBytes { Glibc.write(STDERR_FILENO, $0.baseAddress, $0.count) }
    }
}
