import Columns
import Runtime
import Testing

@testable import EventLog

let numbersSchema = Schema([Field("@timestamp", .timestamp), Field("number", .int64), Field("text", .string)])

/// Rows whose `number` counts up from `first`, a second of event time apart.
func numbers(_ range: Range<Int>, textBytes: Int = 5) -> Batch {
    var builder = BatchBuilder(schema: numbersSchema, capacity: range.count)
    for number in range {
        builder[0].append(int64: Int64(number) * 1_000_000)
        builder[1].append(int64: Int64(number))
        builder[2].append(bytes: Array("\(number)".utf8) + Array(repeating: 0x78, count: textBytes))
        builder.endRow()
    }
    return builder.finish()
}

/// The same with a decimal column.
let salesSchema = Schema(numbersSchema.fields + [Field("amount", .decimal(scale: 2))])

/// The amount of a row, in cents: now and then more than 64 bits hold.
func amount(_ number: Int) -> Int128 {
    number % 5 == 0 ? Int128(number) << 70 : -Int128(number)
}

func sales(_ range: Range<Int>, textBytes: Int) -> Batch {
    let numbers = numbers(range, textBytes: textBytes)
    let amounts = Column(
        type: .decimal(scale: 2), count: range.count, validity: nil, storage: .decimal(range.map(amount)))
    return Batch(schema: salesSchema, rowCount: range.count, columns: numbers.columns + [amounts])
}

extension LogReader {
    /// The `number`s up to the end.
    func allNumbers() throws -> [Int] {
        var all: [Int] = []
        while let batch = try next() {
            #expect(batch.baseOffset + Int64(batch.batch.rowCount) == offset)
            all += (batch.batch.column("number")?.int64s ?? []).map { Int($0) }
        }
        return all
    }
}

extension EventLog {
    /// Appends and waits for the answer.
    @discardableResult
    func appendAndWait(
        _ batch: Batch, to topic: String, partition: Int = 0, durability: Durability? = nil
    ) throws -> AppendReceipt {
        let outcome = Monitor<Result<AppendReceipt, LogError>?>(nil)
        append(batch, to: topic, partition: partition, durability: durability) { result in
            outcome.update { $0 = result }
        }
        let result = try #require(outcome.wait(timeoutNanoseconds: 20_000_000_000) { $0 })
        return try result.get()
    }
}

/// A folder of its own, removed at the end.
final class TemporaryFolder {
    let path: String

    init() throws {
        var random = Random()
        path = "/tmp/squilla-tests-\(random.next())"
        try DiskStorage().createFolder(path)
    }

    deinit { TemporaryFolder.remove(path) }

    private static func remove(_ path: String) {
        let storage = DiskStorage()
        for name in (try? storage.list(path)) ?? [] { remove(path + "/" + name) }
        try? storage.remove(path)
    }
}
