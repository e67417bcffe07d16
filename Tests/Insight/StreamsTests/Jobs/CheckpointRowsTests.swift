import Bytes
import Columns
import EventLog
import Runtime
import SQL
import Testing

@testable import Streams

/// What a checkpoint holds of the rows that were answered.
@Suite struct CheckpointRowsTests {
    private static let paths = (0..<2_000).map { (Double($0) * 0.001, "/a/long/path/to/\($0 &* 7_919)", 200) }

    private static func rows(_ count: Int) -> Batch {
        Rows.batch([("path", .string), ("n", .int64)], (0..<count).map { ["/\($0)", $0] })
    }

    private static func output(_ sink: JobOutput.Sink) -> JobOutput {
        JobOutput(target: "answers", sink: sink, schema: Schema([Field("path", .string), Field("n", .int64)]))
    }

    private static func record(_ rows: JobOutput.Rows) -> Checkpoint {
        Checkpoint(
            sequence: 1, epoch: 7, inputs: [], states: [],
            outputs: [.init(target: "answers", firstOffset: 5, rows: rows)], counts: [:])
    }

    /// Rows that are let go of were in checkpoints once: each was written to the disk for nobody.
    @Test func rowsThatAreLetGoOfAreInNone() throws {
        var largest: [String: Int] = [:]
        for connector in ["blackhole", "topic"] {
            let bench = try JobBench()
            defer { bench.stop() }
            let table = connector == "topic" ? "" : "CREATE TABLE kept WITH ('connector' = 'blackhole');\n"
            try bench.append(Self.paths)
            try bench.jobs.submit(name: "j", text: table + "INSERT INTO kept SELECT url.path FROM requests")
            #expect(bench.wait { bench.jobs.info("j")?.progress.rowsOut == 2_000 })
            try bench.jobs.stop("j")
            #expect(bench.wait { bench.jobs.info("j")?.phase == "stopped" })
            let info = try #require(bench.jobs.info("j"))
            largest[connector] = info.recentCheckpoints.map(\.bytes).max()
        }
        #expect(try #require(largest["blackhole"]) < 1_000)
        #expect(try #require(largest["topic"]) > 10_000)
    }

    /// What could not be written can't have been: counts of records, epochs, partitions and offsets go up from zero.
    @Test func negativeNumbersAreDamage() throws {
        // Sequence, epoch, an input's partition, the first record that a table needs, and an output's first offset.
        for place in -1..<5 {
            func number(_ index: Int) -> UInt64 { index == place ? UInt64(bitPattern: -1) : 1 }
            var bytes = Array("SQCK".utf8) + [3]
            for value in [number(0), number(1), 1, 0, 2, 2, 1, number(2), 1] { Varint.append(value, to: &bytes) }
            for value in [1, 0, 0, 1, 0, number(3), 0] { Varint.append(value, to: &bytes) }
            for value in [1, 0, number(4), 0, 0] { Varint.append(value, to: &bytes) }
            let checksum = CRC32C.checksum(bytes.span)
            for shift in stride(from: UInt32(0), to: 32, by: 8) {
                bytes.append(UInt8(truncatingIfNeeded: checksum >> shift))
            }
            guard place >= 0 else {
                #expect(try Checkpoint(decoding: bytes.span).encoded() == bytes)
                continue
            }
            let error = #expect(throws: SQLError.self) { try Checkpoint(decoding: bytes.span) }
            #expect(error?.code == .corruptState, "number \(place)")
        }
    }

    @Test func theyComeBackWithoutJobAndEpoch() throws {
        let output = Self.output(.topic("answers"))
        let rows = output.rows([Self.rows(3), Self.rows(9_000)], job: "j", epoch: 7, compression: .lz4)
        let read = try Checkpoint(decoding: Self.record(rows).encoded().span)
        #expect(read.outputs[0].batches.allSatisfy { $0.schema == output.writtenSchema })
        let saved = try #require(read.output(like: 0, of: [output]))
        #expect(saved.firstOffset == 5)
        #expect(saved.batches.allSatisfy { $0.schema == output.schema })
        #expect(saved.batches.flatMap { Rows.text([$0]) } == Rows.text([Self.rows(3), Self.rows(9_000)]))
        let other = JobOutput(target: "answers", sink: .blackhole, schema: Schema([Field("path", .string)]))
        #expect(read.output(like: 0, of: [other]) == nil)
    }

    /// An update finds what the version before left: rows without job and epoch.
    @Test func aRecordOfTheVersionBeforeIsRead() throws {
        var bytes = Self.record(.batches([Self.rows(3)])).encoded()
        bytes[4] = 2
        bytes.removeLast(4)
        let checksum = CRC32C.checksum(bytes.span)
        bytes += withUnsafeBytes(of: checksum.littleEndian) { Array($0) }
        let saved = try Checkpoint(decoding: bytes.span).output(like: 0, of: [Self.output(.topic("answers"))])
        #expect(Rows.text(saved?.batches ?? []) == Rows.text([Self.rows(3)]))
    }
}
