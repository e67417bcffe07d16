import Edge
import Foundation
import Glibc
import Reactor

/// The process that is to take this one's place, as this one sees it.
struct Successor {
    /// Names the descriptor of the channel to a new process.
    static let variable = "SQUILLA_HANDOVER"
    private static let descriptor: Int32 = 3
    /// To read a configuration, and to open a log and bind what is new.
    private static let patienceMilliseconds = 60_000

    let channel: HandoverChannel
    let pid: Int32

    /// Starts this program's file anew, with the same arguments.
    static func start() throws(SystemError) -> Successor {
        let (channel, other) = try HandoverChannel.pair()
        defer { close(other) }
        let environment = ProcessInfo.processInfo.environment.map { "\($0)=\($1)" } + ["\(variable)=\(descriptor)"]
        let pid = try HandoverChannel.spawn(
            ProgramFile.path, arguments: CommandLine.arguments, environment: environment, descriptor: other,
            target: descriptor)
        return Successor(channel: channel, pid: pid)
    }

    /// Sends the listening sockets; they stay open here.
    func offer(_ listeners: [HeldListener]) throws(SystemError) {
        for listener in listeners {
            let bound = listener.sockets.first?.address ?? listener.address
            let text = "\(listener.address)\n\(bound)"
            for part in listener.sockets.chunks(of: HandoverChannel.maximumDescriptors) {
                try channel.send(
                    .init(
                        kind: HandoverKind.sockets.rawValue, bytes: Array(text.utf8),
                        descriptors: part.map(\.descriptor)))
            }
        }
        try channel.send(.init(kind: HandoverKind.allSockets.rawValue))
    }

    func tellReleased() throws(SystemError) { try channel.send(.init(kind: HandoverKind.released.rawValue)) }

    /// Waits for the next word of the new process.
    func awaits(_ kind: HandoverKind) -> Bool {
        channel.receive(timeoutMilliseconds: Successor.patienceMilliseconds)?.kind == kind.rawValue
    }

    /// It failed: ends it, if it did not end by itself.
    func giveUp() {
        kill(pid, SIGKILL)
        var status: Int32 = 0
        waitpid(pid, &status, 0)
    }
}

/// The file of this program, asked for before it may be replaced.
enum ProgramFile {
    static let path: String = {
        var bytes = [CChar](repeating: 0, count: 4096)
        let count = readlink("/proc/self/exe", &bytes, bytes.count - 1)
        guard count > 0 else { return CommandLine.arguments[0] }
        return String(decoding: bytes.prefix(count).map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }()
}

extension Array {
    fileprivate func chunks(of size: Int) -> [ArraySlice<Element>] {
        stride(from: 0, to: count, by: size).map { self[$0..<Swift.min(count, $0 + size)] }
    }
}
