import ArgumentParser
import Columns
import EventLog
import Foundation
import ManagementAPI

struct LogCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "log", abstract: "Look at the event log, read it, check it, append to it.",
        subcommands: [Topics.self, Read.self, Verify.self, Append.self])

    /// The log of a folder on which no server runs, or beside one, without changing anything.
    static func openForReading(_ data: String) throws -> EventLog {
        guard DataFolder.hasLog(data) else { throw Failure("\(data): there is no event log here") }
        var options = EventLogOptions(folder: DataFolder.log(data))
        options.isReadOnly = true
        do {
            return try EventLog.open(options)
        } catch {
            throw Failure("\(error)")
        }
    }
}

extension LogCommand {
    struct Topics: ParsableCommand {
        static let configuration = CommandConfiguration(abstract: "List the topics.")

        @OptionGroup var locator: ServerLocator

        func run() throws {
            let log = try LogCommand.openForReading(locator.data)
            var table = RowPrinter(format: .table, isLive: false)
            for topic in log.topics {
                for partition in topic.partitions {
                    let events = partition.nextOffset - partition.firstOffset
                    table.print(
                        line: Array(
                            """
                            {"topic":"\(topic.name)","partition":\(partition.partition),"events":\(events),\
                            "first_offset":\(partition.firstOffset),"next_offset":\(partition.nextOffset),\
                            "bytes":\(partition.bytes),"segments":\(partition.segments),\
                            "columns":\(topic.schema.count),"durability":"\(topic.settings.durability.rawValue)"}
                            """.utf8))
                }
            }
            table.finish()
            log.close()
        }
    }

    struct Read: ParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Print a topic's events as JSON lines.")

        @Argument var topic: String

        @Option(help: "The partition.")
        var partition = 0

        @Option(help: "earliest, latest or an offset.")
        var from = "earliest"

        @Option(help: "How many at most.")
        var limit = Int.max

        @OptionGroup var locator: ServerLocator

        func run() throws {
            let log = try LogCommand.openForReading(locator.data)
            defer { log.close() }
            do {
                let reader = try TopicReader(log: log, topic: topic, partition: partition, from: from)
                var left = limit
                while left > 0, let (lines, rows) = try reader.next(maximumRows: left) {
                    StandardOutput.write(lines)
                    left -= rows
                }
            } catch {
                throw Failure(error.description)
            }
            StandardOutput.flush()
        }
    }

    struct Verify: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Read every stored byte and compare checksums; exit code 1 when something is corrupt.")

        @Argument var topic: String?

        @OptionGroup var locator: ServerLocator

        func run() throws {
            let log = try LogCommand.openForReading(locator.data)
            defer { log.close() }
            let report: VerifyReport
            do {
                report = try log.verify(topic: topic)
            } catch {
                throw Failure("\(error)")
            }
            for tail in log.recovery.cutTails {
                print(
                    "torn tail: \(tail.file), \(tail.bytes.count) bytes from offset \(tail.offset) on; it is cut at the next start"
                )
            }
            for gap in report.gaps {
                print(
                    "corrupt: \(gap.file), bytes \(gap.bytes.lowerBound)-\(gap.bytes.upperBound): \(gap.reason); offsets \(gap.offsets.lowerBound)-\(gap.offsets.upperBound - 1) are lost"
                )
            }
            print(
                "\(report.rows) events in \(report.frames) frames, \(report.segments) segments, \(report.bytes) bytes; \(report.gaps.count) corrupt"
            )
            if !report.gaps.isEmpty { throw ExitCode(1) }
        }
    }

    struct Append: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Append JSON lines from a file or standard input to a topic, made if it is new.")

        @Argument var topic: String

        @Argument(help: "The file; else standard input.")
        var file: String?

        @Option(help: "none, interval or commit.")
        var durability = "commit"

        @OptionGroup var locator: ServerLocator

        /// What one request carries; a line may not be longer.
        private static let pieceBytes = 512 << 10

        func run() throws {
            guard let promise = Durability(rawValue: durability) else {
                throw ValidationError("--durability: expected none, interval or commit")
            }
            let handle =
                try file.map { path in
                    guard let handle = FileHandle(forReadingAtPath: path) else {
                        throw Failure("\(path): cannot be read")
                    }
                    return handle
                } ?? FileHandle.standardInput
            let send = try sender(promise)
            var rest = Data()
            while let piece = try handle.read(upToCount: Self.pieceBytes), !piece.isEmpty {
                rest.append(piece)
                guard let end = rest.lastIndex(of: 0x0A) else {
                    if rest.count > Self.pieceBytes {
                        throw Failure("a line is longer than \(Self.pieceBytes >> 10) KiB")
                    }
                    continue
                }
                try send([UInt8](rest[...end]))
                rest = Data(rest[rest.index(after: end)...])
            }
            if !rest.isEmpty { try send([UInt8](rest)) }
            StandardOutput.flush()
        }

        /// Sends a piece of whole lines to the running server, or writes it to the folder itself.
        private func sender(_ promise: Durability) throws -> ([UInt8]) throws -> Void {
            if let client = try locator.client() {
                return { lines in
                    let reply = try client.open(
                        "POST", "/api/v1/topics/\(Self.encoded(topic))/events?durability=\(durability)", body: lines)
                    StandardOutput.write(try reply.readAll(limit: 1 << 20))
                }
            }
            try DataFolder.create(locator.data)
            let log: EventLog
            do {
                log = try EventLog.open(EventLogOptions(folder: DataFolder.log(locator.data)))
            } catch {
                throw Failure("\(error)")
            }
            let appender = TopicAppender(log: log, settings: TopicSettings())
            return { [topic] lines in
                do throws(APIError) {
                    StandardOutput.write(try appender.appendAndWait(lines, to: topic, durability: promise))
                } catch {
                    throw Failure(error.description)
                }
            }
        }

        private static func encoded(_ name: String) -> String {
            name.addingPercentEncoding(withAllowedCharacters: .alphanumerics.union(CharacterSet(charactersIn: "-._~")))
                ?? name
        }
    }
}
