import CPlatform
import Glibc
import Synchronization

/// A connection between a server and the one that takes its place: messages of a kind, bytes and descriptors, one after
/// the other. Blocks; one thread sends and one receives at a time.
public final class HandoverChannel: Sendable {
    public struct Message: Sendable {
        public var kind: UInt8
        public var bytes: [UInt8]
        /// The receiver's to close.
        public var descriptors: [Int32]

        public init(kind: UInt8, bytes: [UInt8] = [], descriptors: [Int32] = []) {
            self.kind = kind
            self.bytes = bytes
            self.descriptors = descriptors
        }
    }

    /// Descriptors of one message at most.
    public static let maximumDescriptors = 64
    private static let maximumBytes = 1 << 30
    private static let headBytes = 5

    private let fd: Int32
    private let sending = Mutex(())

    /// Takes the descriptor over.
    public init(descriptor: Int32) { fd = descriptor }

    deinit { Glibc.close(fd) }

    /// Both ends of a new channel, the second as a bare descriptor for a child process.
    public static func pair() throws(SystemError) -> (channel: HandoverChannel, other: Int32) {
        var ends: [Int32] = [-1, -1]
        guard socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0, &ends) == 0 else {
            throw SystemError(code: errno, operation: "socketpair")
        }
        return (HandoverChannel(descriptor: ends[0]), ends[1])
    }

    /// - Throws: `SystemError` when the other side is gone.
    public func send(_ message: Message) throws(SystemError) {
        let count = UInt32(message.bytes.count)
        var bytes: [UInt8] = [message.kind]
        for shift in [24, 16, 8, 0] { bytes.append(UInt8(truncatingIfNeeded: count >> UInt32(shift))) }
        bytes.append(contentsOf: message.bytes)
        let code = sending.withLock { _ in
            squilla_send_descriptors(
                fd, bytes, bytes.count, message.descriptors, Int32(message.descriptors.count))
        }
        if code < 0 { throw SystemError(code: -code, operation: "hand over") }
    }

    /// The next message; nil at the end, or when nothing whole came in time.
    /// - Parameter timeoutMilliseconds: nil waits as long as the other side lives.
    public func receive(timeoutMilliseconds: Int? = nil) -> Message? {
        var time = timeval(
            tv_sec: (timeoutMilliseconds ?? 0) / 1000, tv_usec: ((timeoutMilliseconds ?? 0) % 1000) * 1000)
        setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &time, socklen_t(MemoryLayout<timeval>.size))
        var descriptors: [Int32] = []
        guard let head = read(HandoverChannel.headBytes, &descriptors) else { return nil }
        let count = head[1...].reduce(0) { $0 << 8 | Int($1) }
        guard count <= HandoverChannel.maximumBytes, let bytes = read(count, &descriptors) else {
            for descriptor in descriptors { Glibc.close(descriptor) }
            return nil
        }
        return Message(kind: head[0], bytes: bytes, descriptors: descriptors)
    }

    private func read(_ count: Int, _ descriptors: inout [Int32]) -> [UInt8]? {
        var bytes = [UInt8](repeating: 0, count: count)
        var filled = 0
        var found = [Int32](repeating: -1, count: HandoverChannel.maximumDescriptors)
        while filled < count {
            var arrived: Int32 = 0
            let taken = bytes.withUnsafeMutableBytes {
                squilla_receive_descriptors(
                    fd, $0.baseAddress?.advanced(by: filled), count - filled, &found, &arrived)
            }
            descriptors.append(contentsOf: found.prefix(Int(arrived)))
            guard taken > 0 else { return nil }
            filled += taken
        }
        return bytes
    }

    /// Starts a program whose descriptor `target` is the other end of a channel.
    /// - Returns: its process id.
    public static func spawn(
        _ path: String, arguments: [String], environment: [String], descriptor: Int32, target: Int32
    ) throws(SystemError) -> Int32 {
        var arguments = arguments.map { strdup($0) } + [nil]
        var environment = environment.map { strdup($0) } + [nil]
        defer { for text in arguments + environment { free(text) } }
        let pid = squilla_spawn_with(path, &arguments, &environment, descriptor, target)
        guard pid > 0 else { throw SystemError(code: -pid, operation: "start \(path)") }
        return pid
    }
}
