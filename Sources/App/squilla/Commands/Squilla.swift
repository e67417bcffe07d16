import ArgumentParser
import Glibc

@main
struct Squilla: ParsableCommand {
    static let version = "0.1.0"

    static let configuration = CommandConfiguration(
        commandName: "squilla",
        abstract: "An edge cache that sees every request while it happens and answers questions about it in SQL.",
        version: "squilla \(version)",
        subcommands: [
            Demo.self, Up.self, Check.self, Reload.self, Upgrade.self, Status.self, SQLCommand.self, Tail.self,
            Subscribe.self,
            LogCommand.self, JobCommand.self, ClusterCommand.self, ReplayCommand.self, Purge.self, ExplainRequest.self,
            DebugHeader.self,
            Origins.self, ESICommand.self, LoadBalancerCommand.self, DNSCommand.self,
        ])

    static func main() {
        // A reader that is gone (`squilla sql … | head`) shows as a failed write, and is no failure of ours.
        signal(SIGPIPE, SIG_IGN)
        main(nil)
    }
}
