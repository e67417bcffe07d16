import ArgumentParser
import Edge
import Reactor
import Runtime
import Settings

struct Demo: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "A whole Squilla with a sample site behind it and visitors in front: something to see at once.")

    @Flag(name: .customLong("no-visitors"), help: "Leave the visitors out.")
    var withoutVisitors = false

    @OptionGroup var options: ServerOptions

    func run() throws {
        var signals = Signals()
        ProcessLimits.raiseOpenFiles()
        FreedMemory.keep()
        let (site, origin) = try Self.startSite()
        let options = self.options
        let readSettings = { @Sendable in
            var settings = try options.settings(origin: origin)
            // The sample site's front page is put together at the edge.
            settings.esi.isEnabled = true
            return settings
        }
        let server = try Server(try readSettings(), readSettings: readSettings)
        try server.start()
        try server.submitSample(SampleJob.name, SampleJob.text)
        Self.greet(server)
        var visitors: Visitors?
        if !withoutVisitors, let address = server.edgeAddresses.first {
            do {
                visitors = try Visitors(edge: address)
            } catch {
                throw Failure("\(error)")
            }
            visitors?.start()
        }
        signals.heedUntilStop(server, upgrades: false)
        visitors?.stop()
        server.drain()
        site.stop()
    }

    /// The sample site on a port that the system chooses, and the origin that it makes.
    private static func startSite() throws -> (EdgeServer, OriginSection) {
        var own = EdgeSettings()
        own.workers = 1
        own.recordsEvents = false
        do {
            let listener = EdgeListener(address: .loopback(port: 0), kind: .service(SampleOrigin()))
            let site = try EdgeServer(settings: own, listeners: [listener], eventSink: .none)
            try site.start()
            var origin = OriginSection()
            origin.name = "sample-site"
            origin.urls = [try OriginURL("http://\(site.addresses[0])")]
            return (site, origin)
        } catch {
            throw Failure("the sample site does not start: \(error)")
        }
    }

    private static func greet(_ server: Server) {
        let edge = server.edgeAddresses.first ?? ""
        for line in [
            "edge     http://\(edge)  (a sample site behind it)",
            "console  \(server.managementURL)  (and its page of jobs: \(server.managementURL)/?page=jobs)",
            "",
            "try, in another terminal:",
            "  ./squilla tail --where \"http.response.status_code >= 500\"",
            "  ./squilla sql \"SELECT url.path, count(*) AS n FROM requests GROUP BY 1 ORDER BY n DESC LIMIT 10\"",
            "  ./squilla job show \(SampleJob.name)",
            "  curl -sS -D - -o /dev/null http://\(edge)/ | grep -i cache-status",
            "  curl -sS -b items=3 http://\(edge)/ | grep -o '[^>]*cart\\.'   # the page is cached, this part is yours",
            "",
            "Ctrl-C ends it.",
        ] { StandardOutput.write(line: line) }
        StandardOutput.flush()
    }
}
