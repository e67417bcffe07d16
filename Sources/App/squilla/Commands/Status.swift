import ArgumentParser

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
