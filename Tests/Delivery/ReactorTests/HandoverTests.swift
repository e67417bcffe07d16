import Glibc
import Reactor
import Testing

@Suite struct HandoverTests {
    @Test func messagesAndDescriptorsArriveWhole() throws {
        let (channel, other) = try HandoverChannel.pair()
        let peer = HandoverChannel(descriptor: other)
        let sockets = try ListeningSocket.open(.loopback(port: 0), count: 3)
        defer { for socket in sockets { socket.close() } }
        try channel.send(.init(kind: 7, bytes: Array("text".utf8), descriptors: sockets.map(\.descriptor)))
        try channel.send(.init(kind: 8, bytes: []))
        let first = try #require(peer.receive(timeoutMilliseconds: 10_000))
        #expect(first.kind == 7 && first.bytes == Array("text".utf8) && first.descriptors.count == 3)
        #expect(try #require(peer.receive(timeoutMilliseconds: 10_000)).kind == 8)
        #expect(peer.receive(timeoutMilliseconds: 10) == nil)
        // What arrived are the same sockets under other numbers: this one still listens when the first are closed.
        let taken = first.descriptors.map { ListeningSocket(adopting: $0, address: sockets[0].address) }
        for socket in taken {
            #expect(fcntl(socket.descriptor, F_GETFD) & FD_CLOEXEC != 0)
            socket.close()
        }
    }

    @Test func theEndIsSeen() throws {
        var (channel, other): (HandoverChannel?, Int32) = try HandoverChannel.pair()
        let peer = HandoverChannel(descriptor: other)
        #expect(channel != nil)
        channel = nil
        #expect(peer.receive(timeoutMilliseconds: 10_000) == nil)
        #expect(throws: SystemError.self) {
            for _ in 0..<10 { try peer.send(.init(kind: 1, bytes: [UInt8](repeating: 0, count: 1 << 20))) }
        }
    }
}
