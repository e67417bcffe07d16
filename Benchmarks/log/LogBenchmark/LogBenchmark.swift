import Columns
import EventLog
import Glibc
import Runtime

/// Appends events of 300 bytes with group commit and prints what it cost: events, wall seconds, CPU-seconds, syncs.
///
///     LogBenchmark FOLDER [EVENTS] [ROWS-A-BATCH] [DURABILITY]
@main
struct LogBenchmark {
    static func main() throws {
        let arguments = CommandLine.arguments
        guard arguments.count > 1 else { return print("LogBenchmark FOLDER [EVENTS] [ROWS-A-BATCH] [DURABILITY]") }
        let events = arguments.count > 2 ? Int(arguments[2]) ?? 5_000_000 : 5_000_000
        let rows = arguments.count > 3 ? Int(arguments[3]) ?? 1000 : 1000
        let durability = arguments.count > 4 ? Durability(rawValue: arguments[4]) ?? .commit : .commit

        let log = try EventLog.open(EventLogOptions(folder: arguments[1]))
        try log.createTopic("events", schema: Self.schema)
        let batches = (0..<16).map { Self.batch(rows: rows, seed: UInt64($0) + 1) }
        let unfinished = Monitor(0)
        let count = events / rows
        let start = Self.clocks()
        for index in 0..<count {
            // A producer that keeps a bounded number of appends under way, as the edge's pump does.
            _ = unfinished.wait { $0 < 64 ? true : nil }
            unfinished.update { $0 += 1 }
            log.append(batches[index % batches.count], to: "events", durability: durability) { result in
                if case .failure(let error) = result { print("failed: \(error)") }
                unfinished.update { $0 -= 1 }
            }
        }
        _ = unfinished.wait { $0 == 0 ? true : nil }
        let end = Self.clocks()
        let written = Double(count * rows)
        let wall = end.wall - start.wall
        let cpu = end.cpu - start.cpu
        let counters = log.counters
        log.close()
        let bytes = Double(counters.appendedBytes) / written
        print(
            "\(count * rows) events of 300 B, \(rows) a batch, durability \(durability.rawValue): "
                + "\(Self.millions(written / wall)) M/s, \(Self.millions(written / cpu)) M per CPU-second, "
                + "\(counters.syncs) syncs, \(Int(bytes)) B an event on disk")
    }

    private static let schema = Schema([
        Field("@timestamp", .timestamp), Field("client.ip", .ip), Field("http.request.method", .string),
        Field("url.path", .string), Field("http.response.status_code", .int64), Field("event.duration", .int64),
        Field("user_agent.original", .string), Field("message", .string),
    ])

    /// Rows whose values take 300 bytes as they came.
    private static func batch(rows: Int, seed: UInt64) -> Batch {
        var random = Random(seed: seed)
        var builder = BatchBuilder(schema: schema, capacity: rows)
        let methods = ["GET", "POST", "HEAD"]
        let agents = (0..<40).map { "Mozilla/5.0 (X11; Linux x86_64; rv:\(100 + $0).0) Gecko/20100101 Firefox/\(100 + $0).0" }
        for row in 0..<rows {
            builder[0].append(int64: 1_767_225_600_000_000 + Int64(row) * 1000)
            builder[1].append(ip: IPAddress(ipv4: UInt32(truncatingIfNeeded: random.next())))
            builder[2].append(string: methods[Int(random.next() % 3)])
            builder[3].append(string: "/products/\(random.next() % 2000)/reviews")
            builder[4].append(int64: [200, 200, 200, 304, 404, 500][Int(random.next() % 6)])
            builder[5].append(int64: Int64(random.next() % 100_000_000))
            builder[6].append(string: agents[Int(random.next() % 40)])
            var message = "\(random.next()) \(random.next()) \(random.next()) \(random.next())"
            while message.utf8.count < 145 { message += " \(random.next() % 1000)" }
            builder[7].append(string: message)
            builder.endRow()
        }
        return builder.finish()
    }

    private static func clocks() -> (wall: Double, cpu: Double) {
        func seconds(_ clock: clockid_t) -> Double {
            var time = timespec()
            clock_gettime(clock, &time)
            return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
        }
        return (seconds(CLOCK_MONOTONIC), seconds(CLOCK_PROCESS_CPUTIME_ID))
    }

    private static func millions(_ value: Double) -> String { "\((value / 10_000).rounded() / 100)" }
}
