import Glibc
import Reactor
import Testing
import Upstream

@testable import Edge

@Suite struct UnixSocketTests {
    private func path() -> String { "/tmp/squilla-\(getpid())-\(UInt32.random(in: .min ... .max)).sock" }

    @Test(arguments: [false, true]) func clientsAndOrigins(isAbstract: Bool) throws {
        // An edge on a Unix socket, and one before it that has it as its origin.
        let front = (isAbstract ? "@" : "") + path()
        let origin = ScriptedOrigin { _ in ScriptedOrigin.ok("over unix", "Cache-Control: no-store\r\n") }
        let inner = try TestEdge(
            origin: origin.port, { $0.cdnID = "inner" }, listener: { $0.address = SocketAddress(path: front) })
        let outer = try TestEdge(origin: nil) {
            $0.origins = [
                EdgeOrigin(name: "main", endpoints: [OriginSettings(name: "main", host: "unix:\(front)", port: 0)])
            ]
        }
        for _ in 0..<3 { #expect(try outer.get("/").text == "over unix") }
        #expect(origin.requests.allSatisfy { $0.contains("Host: test\r\n") })
        #expect(inner.events(3).allSatisfy { $0["client.ip"] == "127.0.0.1" })
        #expect(outer.events(3).allSatisfy { $0["origin.address"] == "unix:\(front)" })
        inner.server.stop()
        #expect(access(front, F_OK) != 0)
        #expect(try outer.get("/").status == 502)
    }

    @Test func aFileThatIsLeftOverIsReplaced() throws {
        let path = path()
        let first = try #require(try ListeningSocket.open(SocketAddress(path: path), count: 1, unixMode: 0o600).first)
        var information = stat()
        #expect(stat(path, &information) == 0 && information.st_mode & 0o777 == 0o600)
        #expect(throws: SystemError.self) { try ListeningSocket.open(SocketAddress(path: path), count: 1) }
        first.close()
        let second = try ListeningSocket.open(SocketAddress(path: path), count: 3)
        #expect(second.count == 3)
        for socket in second { socket.close() }
        ListeningSocket.removeFile(of: SocketAddress(path: path))
        #expect(access(path, F_OK) != 0)
    }

    @Test func whatIsNoSocketIsLeftAlone() throws {
        let path = path()
        let file = try #require(fopen(path, "w"))
        fclose(file)
        defer { unlink(path) }
        #expect(throws: SystemError.self) { try ListeningSocket.open(SocketAddress(path: path), count: 1) }
        #expect(access(path, F_OK) == 0)
        let long = "/" + String(repeating: "x", count: 200)
        #expect(throws: SystemError.self) { try ListeningSocket.open(SocketAddress(path: long), count: 1) }
    }
}
