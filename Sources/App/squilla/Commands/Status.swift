import ArgumentParser
import Glibc
import Settings

struct Status: ParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Show a running server's state as JSON.")

    @OptionGroup var locator: ServerLocator

    func run() throws {
        let reply = try locator.requiredClient().open("GET", "/api/v1/status")
        StandardOutput.write(try reply.readAll(limit: 16 << 20) + [0x0A])
        StandardOutput.flush()
    }
}

struct Reload: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Make a running server read its configuration again; a bad file changes nothing.")

    @OptionGroup var locator: ServerLocator

    func run() throws {
        let reply = try locator.requiredClient().open("POST", "/api/v1/reload")
        StandardOutput.write(try reply.readAll(limit: 1 << 20) + [0x0A])
        StandardOutput.flush()
    }
}

struct Upgrade: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Let the program's file take the place of the running server, without a request lost.",
        discussion: """
            Replace the file of the program first. The running server starts it with its own arguments, hands it the
            listening sockets and the data folder, and ends when its last connection does (edge.upgrade_drain_ms).
            """)

    @Option(help: ArgumentHelp("The data folder of the server.", valueName: "dir"))
    var data: String = Settings().dataFolder

    @Option(help: ArgumentHelp("How long to wait until the new process serves.", valueName: "seconds"))
    var timeout = 120

    func run() throws {
        guard let old = ServerFacts.running(in: data) else { throw Failure("no server runs on \(data)") }
        guard kill(old.pid, SIGUSR2) == 0 else {
            throw Failure("process \(old.pid) cannot be told: \(String(cString: strerror(errno)))")
        }
        for _ in 0..<max(1, timeout * 50) {
            usleep(20_000)
            guard let new = ServerFacts.running(in: data), new.pid != old.pid else { continue }
            StandardOutput.write(line: "process \(new.pid) serves; process \(old.pid) ends what is under way")
            return StandardOutput.flush()
        }
        throw Failure("process \(old.pid) still serves after \(timeout) s; its standard error says why")
    }
}
