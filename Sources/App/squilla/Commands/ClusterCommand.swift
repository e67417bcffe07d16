import ArgumentParser
import Foundation

struct ClusterCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "cluster",
        abstract: "Keep texts of which jobs are launched: by hand, by a schedule, so many at a time.",
        subcommands: [
            Submit.self, List.self, Show.self, Launch.self, Enable.self, Disable.self, Remove.self,
        ])

    static func ask(
        _ locator: ServerLocator, _ method: String, _ path: String, _ members: [String: Any]? = nil
    ) throws -> [UInt8] {
        try JobCommand.ask(locator, method, path, members, at: "/api/v1/clusters")
    }

    static func path(_ name: String) throws -> String { try JobCommand.path(name) }
}

extension ClusterCommand {
    struct Submit: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Take a cluster on, from a file or standard input; SET 'job.…' in it says what it is.")

        @Argument(help: "The cluster's name.") var name: String
        @Argument(help: ArgumentHelp("A file with the SQL, or -.", valueName: "file")) var file: String
        @Flag(help: "Give a cluster of this name another version of its text.") var replace = false
        @OptionGroup var locator: ServerLocator

        func run() throws {
            let members: [String: Any] = ["name": name, "sql": try JobCommand.text(of: file), "replace": replace]
            JobCommand.show(try ClusterCommand.ask(locator, "POST", "", members))
        }
    }

    struct List: ParsableCommand {
        static let configuration = CommandConfiguration(abstract: "List the clusters.")

        @OptionGroup var locator: ServerLocator

        func run() throws {
            try JobCommand.showTable(
                try ClusterCommand.ask(locator, "GET", ""),
                ["name", "version", "enabled", "owner", "sla_min", "sla_max", "cron", "next_fire", "jobs"])
        }
    }

    struct Show: ParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Show a cluster as JSON.")

        @Argument var name: String
        @OptionGroup var locator: ServerLocator

        func run() throws { JobCommand.show(try ClusterCommand.ask(locator, "GET", try ClusterCommand.path(name))) }
    }

    struct Launch: ParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Launch a job of a cluster.")

        @Argument var name: String
        @Option(
            name: .customLong("parameter"),
            help: ArgumentHelp("A value for ${name}; as often as needed.", valueName: "name=value"))
        var parameters: [String] = []
        @Option(help: "Where to begin: earliest or latest.") var from = "earliest"
        @OptionGroup var locator: ServerLocator

        func run() throws {
            var values: [String: String] = [:]
            for pair in parameters {
                guard let sign = pair.firstIndex(of: "="), sign > pair.startIndex else {
                    throw ValidationError("--parameter: expected name=value, found \"\(pair)\"")
                }
                values[String(pair[..<sign])] = String(pair[pair.index(after: sign)...])
            }
            JobCommand.show(
                try ClusterCommand.ask(
                    locator, "POST", try ClusterCommand.path(name) + "/launch", ["parameters": values, "from": from]))
        }
    }

    struct Enable: ParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Have a cluster launch jobs by itself again.")

        @Argument var name: String
        @OptionGroup var locator: ServerLocator

        func run() throws {
            JobCommand.show(try ClusterCommand.ask(locator, "POST", try ClusterCommand.path(name) + "/enable"))
        }
    }

    struct Disable: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Have a cluster launch no job by itself; those that run go on.")

        @Argument var name: String
        @OptionGroup var locator: ServerLocator

        func run() throws {
            JobCommand.show(try ClusterCommand.ask(locator, "POST", try ClusterCommand.path(name) + "/disable"))
        }
    }

    struct Remove: ParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Forget a cluster none of whose jobs runs.")

        @Argument var name: String
        @OptionGroup var locator: ServerLocator

        func run() throws {
            JobCommand.show(try ClusterCommand.ask(locator, "DELETE", try ClusterCommand.path(name)))
        }
    }
}
