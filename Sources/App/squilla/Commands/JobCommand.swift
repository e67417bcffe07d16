import ArgumentParser
import Foundation
import Glibc

struct JobCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "job", abstract: "Run queries that write what they find into topics, exactly once.",
        subcommands: [
            Submit.self, List.self, Show.self, Stop.self, Savepoint.self, Restart.self, Logs.self, Remove.self,
        ])

    /// Sends a request about jobs and gives the answer's bytes.
    static func ask(
        _ locator: ServerLocator, _ method: String, _ path: String, _ members: [String: Any]? = nil,
        at root: String = "/api/v1/jobs"
    ) throws -> [UInt8] {
        let body = try members.map { [UInt8](try JSONSerialization.data(withJSONObject: $0)) } ?? []
        let reply = try locator.requiredClient().open(
            method, root + path, body: body, headers: [("Content-Type", "application/json")])
        return try reply.readAll(limit: 64 << 20)
    }

    /// The path of a job. A name that no job can have is refused here, as it would be there.
    static func path(_ name: String) throws -> String {
        guard let quoted = name.addingPercentEncoding(withAllowedCharacters: .alphanumerics.union(["-", "_", "."])),
            !name.isEmpty
        else { throw ValidationError("a job has a name") }
        return "/" + quoted
    }

    /// What a file holds, or standard input for `-`.
    static func text(of file: String) throws -> String {
        let data =
            file == "-" ? FileHandle.standardInput.readDataToEndOfFile() : FileManager.default.contents(atPath: file)
        guard let data else { throw Failure("\(file): can't be read") }
        return String(decoding: data, as: UTF8.self)
    }

    /// A list of objects as a table of some of their members.
    static func showTable(_ bytes: [UInt8], _ shown: [String]) throws {
        let rows = (try? JSONSerialization.jsonObject(with: Data(bytes))) as? [[String: Any]] ?? []
        var table = RowPrinter(format: .table, isLive: false)
        for row in rows {
            let values = try shown.map { key -> String in
                let value = try JSONSerialization.data(
                    withJSONObject: row[key] ?? NSNull(), options: [.fragmentsAllowed])
                return "\"\(key)\":" + String(decoding: value, as: UTF8.self)
            }
            table.print(line: Array(("{" + values.joined(separator: ",") + "}").utf8))
        }
        table.finish()
    }

    static func show(_ bytes: [UInt8]) {
        StandardOutput.write(bytes)
        StandardOutput.flush()
    }
}

extension JobCommand {
    struct Submit: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Take a job on: CREATE TABLE … and INSERT INTO topic SELECT …, from a file or standard input.")

        @Argument(help: "The job's name.") var name: String
        @Argument(help: ArgumentHelp("A file with the SQL, or -.", valueName: "file")) var file: String
        @Option(help: "Where to begin: earliest or latest.") var from = "earliest"
        @Flag(help: "Replace a job of this name; it goes on with what of its state still fits.") var replace = false
        @OptionGroup var locator: ServerLocator

        func run() throws {
            let members: [String: Any] = [
                "name": name, "sql": try JobCommand.text(of: file), "from": from, "replace": replace,
            ]
            JobCommand.show(try JobCommand.ask(locator, "POST", "", members))
        }
    }

    struct List: ParsableCommand {
        static let configuration = CommandConfiguration(abstract: "List the jobs.")

        @OptionGroup var locator: ServerLocator

        func run() throws {
            let shown = [
                "name", "state", "rows_in", "rows_out", "late_rows", "dead_rows", "lag_rows", "state_bytes", "restarts",
            ]
            try JobCommand.showTable(try JobCommand.ask(locator, "GET", ""), shown)
        }
    }

    struct Show: ParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Show a job as JSON.")

        @Argument var name: String
        @OptionGroup var locator: ServerLocator

        func run() throws { JobCommand.show(try JobCommand.ask(locator, "GET", try JobCommand.path(name))) }
    }

    struct Stop: ParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Stop a job after a last checkpoint.")

        @Argument var name: String
        @Option(help: ArgumentHelp("Keep that checkpoint under a label.", valueName: "label")) var savepoint: String?
        @OptionGroup var locator: ServerLocator

        func run() throws {
            let members = savepoint.map { ["savepoint": $0] } ?? [:]
            JobCommand.show(try JobCommand.ask(locator, "POST", try JobCommand.path(name) + "/stop", members))
        }
    }

    struct Savepoint: ParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Keep the next checkpoint of a job under a label.")

        @Argument var name: String
        @Argument var label: String
        @OptionGroup var locator: ServerLocator

        func run() throws {
            JobCommand.show(
                try JobCommand.ask(locator, "POST", try JobCommand.path(name) + "/savepoint", ["label": label]))
        }
    }

    struct Restart: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Run a job that is not running: from its checkpoint, from a savepoint, or anew.")

        @Argument var name: String
        @Option(help: ArgumentHelp("Go on from a savepoint.", valueName: "label")) var savepoint: String?
        @Option(help: "Forget the state and begin at earliest or latest.") var from: String?
        @OptionGroup var locator: ServerLocator

        func run() throws {
            var members: [String: Any] = [:]
            members["savepoint"] = savepoint
            members["from"] = from
            JobCommand.show(try JobCommand.ask(locator, "POST", try JobCommand.path(name) + "/restart", members))
        }
    }

    struct Logs: ParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Show what happened to a job.")

        @Argument var name: String
        @OptionGroup var locator: ServerLocator

        func run() throws {
            let bytes = try JobCommand.ask(locator, "GET", try JobCommand.path(name) + "/log")
            let lines = (try? JSONSerialization.jsonObject(with: Data(bytes))) as? [[String: String]] ?? []
            for line in lines {
                StandardOutput.write(Array("\(line["time"] ?? "")  \(line["message"] ?? "")\n".utf8))
            }
            StandardOutput.flush()
        }
    }

    struct Remove: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Forget a stopped job and its checkpoints; what it wrote stays.")

        @Argument var name: String
        @OptionGroup var locator: ServerLocator

        func run() throws { JobCommand.show(try JobCommand.ask(locator, "DELETE", try JobCommand.path(name))) }
    }
}
