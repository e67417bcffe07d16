// modules: EventLog
import Bytes
import Columns
import EventLog
import Runtime

private let segment = "log/topics/t/0/00000000000000000000.log"
private let schema = Schema([
    Field("@timestamp", .timestamp), Field("number", .int64), Field("text", .string), Field("address", .ip),
    Field("flag", .bool), Field("any", .json),
])

/// A storage with a log of one topic in it, made once.
private let storage: SimulatedStorage = {
    let storage = SimulatedStorage(seed: 1)
    guard let log = try? EventLog.open(EventLogOptions(folder: "log"), storage: storage),
        (try? log.createTopic("t", schema: schema)) != nil
    else { fatalError("the log cannot be made") }
    log.close()
    return storage
}()

/// A segment of any bytes, with true checksums if the first byte says so, is frames and gaps: no trap, no end of memory.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzz(_ start: UnsafePointer<UInt8>, _ count: Int) -> CInt {
    var bytes = Array(UnsafeBufferPointer(start: start, count: count))
    if let first = bytes.first, first & 1 == 1 {
        bytes.removeFirst()
        mend(&bytes)
    }
    var options = EventLogOptions(folder: "log")
    options.isReadOnly = true
    guard let file = try? storage.open(segment, mode: .replace), (try? file.write(bytes.span, at: 0)) != nil,
        (try? file.sync()) != nil, let log = try? EventLog.open(options, storage: storage)
    else { fatalError("the log cannot be opened") }
    defer { log.close() }
    let report = try? log.verify()
    var rows: Int64 = 0
    if let reader = try? log.read(topic: "t", from: .earliest) {
        while let batch = try? reader.next(maximumRows: 100) { rows += Int64(batch.batch.rowCount) }
    }
    precondition(rows <= report?.rows ?? 0, "more rows are read than there are")
    if let reader = try? log.read(
        topic: "t", from: .offset(3), options: ReadOptions(columns: ["text", "number"], times: 0..<1_000_000))
    {
        while (try? reader.next()) != nil {}
    }
    return 0
}

/// Gives each frame, as far as the lengths lead from one to the next, the checksums it needs to be believed.
private func mend(_ bytes: inout [UInt8]) {
    var at = 0
    while at + 64 <= bytes.count {
        let payload = Int(load(bytes, at + 12))
        let directory = Int(load(bytes, at + 28))
        guard directory >= 8, directory <= payload, at + 64 + payload <= bytes.count else { return }
        let columns = Int(load(bytes, at + 64))
        var column = at + 64 + directory
        for index in 0..<min(columns, directory / 8 - 1) {
            let length = Int(load(bytes, at + 72 + index * 8))
            guard column + length <= at + 64 + payload else { break }
            store(CRC32C.checksum(bytes.span.extracting(column..<column + length)), &bytes, at + 76 + index * 8)
            column += length
        }
        store(CRC32C.checksum(bytes.span.extracting(at + 64..<at + 64 + directory)), &bytes, at + 16)
        let head = CRC32C.checksum(bytes.span.extracting(at..<at + 8))
        store(CRC32C.extend(head, with: bytes.span.extracting(at + 12..<at + 64)), &bytes, at + 8)
        at += 64 + payload
    }
}

private func load(_ bytes: [UInt8], _ at: Int) -> UInt32 {
    (0..<4).reduce(0) { $0 | UInt32(bytes[at + $1]) << UInt32($1 * 8) }
}

private func store(_ value: UInt32, _ bytes: inout [UInt8], _ at: Int) {
    for index in 0..<4 { bytes[at + index] = UInt8(truncatingIfNeeded: value >> UInt32(index * 8)) }
}
