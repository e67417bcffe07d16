import Columns
import Edge
import EventLog
import Foundation
import Glibc
import Reactor
import Runtime
import Settings

/// The server whose place this process takes.
struct Predecessor {
    private static let patienceMilliseconds = 60_000

    private let channel: HandoverChannel

    /// Nil for a process that an operator started.
    static func ofThisProcess() -> Predecessor? {
        guard let text = ProcessInfo.processInfo.environment[Successor.variable], let descriptor = Int32(text) else {
            return nil
        }
        unsetenv(Successor.variable)
        _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
        return Predecessor(channel: HandoverChannel(descriptor: descriptor))
    }

    /// The sockets that the old server listens on.
    func takeListeners() throws -> [HeldListener] {
        var listeners: [HeldListener] = []
        while let message = channel.receive(timeoutMilliseconds: Predecessor.patienceMilliseconds) {
            guard message.kind != HandoverKind.allSockets.rawValue else { return listeners }
            let words = String(decoding: message.bytes, as: UTF8.self).split(separator: "\n").map(String.init)
            guard message.kind == HandoverKind.sockets.rawValue, words.count == 2,
                let address = Endpoint(words[0])?.socketAddress, let bound = Endpoint(words[1])?.socketAddress
            else { break }
            let sockets = message.descriptors.map { ListeningSocket(adopting: $0, address: bound) }
            if listeners.last?.address == address, listeners.last?.sockets.first?.address == bound {
                listeners[listeners.count - 1].sockets += sockets
            } else {
                listeners.append(HeldListener(address: address, sockets: sockets))
            }
        }
        throw Failure("the server before this one hands nothing over")
    }

    /// Says that all is well so far, and waits until the data folder is free.
    func awaitFolder() throws {
        try channel.send(.init(kind: HandoverKind.ready.rawValue))
        let answer = channel.receive(timeoutMilliseconds: Predecessor.patienceMilliseconds)
        guard answer?.kind == HandoverKind.released.rawValue else {
            throw Failure("the server before this one does not let go of the data folder")
        }
    }

    /// Says that this process serves; from now on the old one only ends what it has begun.
    func tellServing() throws { try channel.send(.init(kind: HandoverKind.serving.rawValue)) }

    /// Takes the events of what the old server still answers, until it has ended.
    func takeEvents(into append: @escaping @Sendable (Batch) -> Void) {
        let channel = channel
        Thread.start(name: "predecessor") {
            while let message = channel.receive() {
                guard message.kind == HandoverKind.events.rawValue else { continue }
                do {
                    append(try BatchCodec.decode(message.bytes.span, schema: RequestEventSchema.schema))
                } catch {
                    StandardError.write(line: "squilla: events of the server before this one are lost: \(error)")
                }
            }
        }
    }
}
