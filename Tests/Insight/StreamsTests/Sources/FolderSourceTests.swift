import Columns
import Foundation
import Runtime
import SQL
import Synchronization
import Testing

@testable import Streams

@Suite struct FolderSourceTests {
    /// A folder on the disk that goes with the test.
    private final class Folder {
        let path = NSTemporaryDirectory() + "watched-\(UInt64.random(in: 0 ... .max))"

        init() throws { try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true) }
        deinit { try? FileManager.default.removeItem(atPath: path) }

        func write(_ text: String, to name: String) throws {
            try Data(text.utf8).write(to: URL(fileURLWithPath: path + "/" + name))
        }

        func append(_ text: String, to name: String) throws {
            let handle = try FileHandle(forWritingTo: URL(fileURLWithPath: path + "/" + name))
            try handle.seekToEnd()
            try handle.write(contentsOf: Data(text.utf8))
            try handle.close()
        }

        /// Cuts the file and writes it anew, in its inode.
        func rewrite(_ name: String, _ text: String) throws {
            let handle = try FileHandle(forWritingTo: URL(fileURLWithPath: path + "/" + name))
            try handle.truncate(atOffset: 0)
            try handle.write(contentsOf: Data(text.utf8))
            try handle.close()
        }

        func rename(_ name: String, to other: String) throws {
            try FileManager.default.moveItem(atPath: path + "/" + name, toPath: path + "/" + other)
        }
    }

    private let clock = ManualClock()
    private let schema = Schema([Field("v", .int64), Field("s", .string)])

    private func source(
        _ folder: Folder, _ format: TableDefinition.FileFormat = .ndjson, file: String? = nil,
        offsets: [Int: Int64]? = nil, fromLatest: Bool = false, maximumFiles: Int = 100_000,
        storage: any Storage = DiskStorage()
    ) -> FolderSource {
        FolderSource(
            path: file.map { folder.path + "/" + $0 } ?? folder.path, format: format, columns: schema,
            options: FolderSource.Options(maximumFiles: maximumFiles), offsets: offsets, fromLatest: fromLatest,
            clock: clock, storage: storage)
    }

    /// All rows that are there a second later.
    private func rows(_ source: FolderSource) throws -> [String] {
        clock.advance(microseconds: 1_000_000)
        var found: [String] = []
        while true {
            if let batch = try source.next() {
                found += Rows.text([batch])
            } else if !source.isLooking {
                return found
            }
        }
    }

    private func line(_ value: Int) -> String { "{\"v\":\(value),\"s\":\"x\"}\n" }

    @Test func filesComeAndGrow() throws {
        let folder = try Folder()
        let source = source(folder)
        #expect(try rows(source).isEmpty)
        try folder.write(line(1) + line(2), to: "a.log")
        #expect(try rows(source) == ["1|x", "2|x"])
        #expect(try rows(source).isEmpty)
        try folder.append(line(3) + "{\"v\":4,", to: "a.log")
        try folder.write(line(10), to: "b.log")
        #expect(try rows(source).sorted() == ["10|x", "3|x"])
        try folder.append("\"s\":\"y\"}\n", to: "a.log")
        #expect(try rows(source) == ["4|y"], "when its end has come")
        try folder.write(line(5), to: ".hidden")
        try folder.write(line(6), to: "c.log.gz")
        try folder.write(line(7), to: "d.part")
        #expect(try rows(source).isEmpty)
    }

    @Test func aRunGoesOnWhereAnotherStood() throws {
        let folder = try Folder()
        try folder.write(line(1) + line(2), to: "a.log")
        let first = source(folder)
        #expect(try rows(first).count == 2)
        try folder.append(line(3), to: "a.log")
        try folder.rename("a.log", to: "a.log.1")
        try folder.write(line(4), to: "a.log")
        let second = source(folder, offsets: first.offsets)
        #expect(try rows(second).sorted() == ["3|x", "4|x"], "the renamed file goes on, the new one begins")
        let third = source(folder, offsets: second.offsets)
        #expect(try rows(third).isEmpty)
    }

    @Test func aFileThatIsCutOrMadeAnewBeginsAtItsStart() throws {
        let folder = try Folder()
        try folder.write(line(1) + line(2) + line(3), to: "a.log")
        let source = source(folder)
        #expect(try rows(source).count == 3)
        try folder.rewrite("a.log", line(4))
        #expect(try rows(source) == ["4|x"], "copied and cut, as logrotate does")
        try folder.rewrite("a.log", line(7) + line(8))
        #expect(try rows(source) == ["7|x", "8|x"], "longer than what was read, with another beginning")
        try folder.rewrite("a.log", line(7) + line(9) + line(10))
        #expect(try rows(source) == ["7|x", "9|x", "10|x"], "longer, with the same beginning")
    }

    @Test func aRewrittenTableWithTheSameHeaderBeginsAnew() throws {
        let folder = try Folder()
        let header = "v,s,a_column_of_a_name_that_is_longer_than_what_is_compared_of_a_beginning\n"
        try folder.write(header + "1,a,x\n", to: "a.csv")
        let source = source(folder, .csv)
        #expect(try rows(source) == ["1|a"])
        try folder.rewrite("a.csv", header + "2,b,x\n3,c,x\n")
        #expect(try rows(source) == ["2|b", "3|c"])
    }

    @Test func aLastLineWithoutAnEndCountsAfterAWhile() throws {
        let folder = try Folder()
        try folder.write("{\"v\":1}", to: "a.log")
        let source = source(folder)
        #expect(try rows(source).isEmpty)
        clock.advance(microseconds: 10_000_000)
        #expect(try rows(source) == ["1|NULL"])
        try folder.append("\n" + line(2), to: "a.log")
        #expect(try rows(source) == ["2|x"])
    }

    @Test func halfALineWaitsForTheRestHoweverLong() throws {
        let folder = try Folder()
        try folder.write(line(1) + "{\"v\":2,\"s\"", to: "a.log")
        let source = source(folder)
        #expect(try rows(source) == ["1|x"])
        clock.advance(microseconds: 3_600_000_000)
        #expect(try rows(source).isEmpty)
        try folder.append(":\"y\"}\n", to: "a.log")
        #expect(try rows(source) == ["2|y"])
        #expect(source.malformedLines == 0 && source.lagBytes == 0)
    }

    @Test func aLineThatIsTooLongIsPassedOverAcrossAStop() throws {
        let folder = try Folder()
        let long = "{\"s\":\"" + String(repeating: "{\"v\":7} ", count: 700_000)
        try folder.write(line(1) + long, to: "a.log")
        let first = source(folder)
        #expect(try rows(first) == ["1|x"])
        #expect(first.malformedLines == 1)
        #expect(first.takeNotes().contains { $0.contains("more than 4 MiB") })
        try folder.append("\"}\n" + line(2), to: "a.log")
        let second = source(folder, offsets: first.offsets)
        #expect(try rows(second) == ["2|x"])
        #expect(second.malformedLines == 0)
    }

    @Test func oneFileIsFollowedThroughItsRotation() throws {
        let folder = try Folder()
        try folder.write(line(1), to: "app.log")
        try folder.write(line(9), to: "app.log.1")
        try folder.write(line(9), to: "other.log")
        let source = source(folder, file: "app.log")
        #expect(try rows(source) == ["1|x"])
        try folder.append(line(2), to: "app.log")
        try folder.rename("app.log", to: "app.log.2")
        #expect(try rows(source) == ["2|x"], "what was written before the file was renamed")
        try folder.append(line(3), to: "app.log.2")
        try folder.write(line(4), to: "app.log")
        #expect(try rows(source).sorted() == ["3|x", "4|x"])
        clock.advance(microseconds: 20_000_000)
        #expect(try rows(source).isEmpty)
        #expect(source.files.count == 1, "a renamed file that has been read is forgotten")
    }

    @Test func aFolderThatIsGoneForAWhileIsNotReadAgain() throws {
        let folder = try Folder()
        try folder.write(line(1), to: "a.log")
        let source = source(folder)
        #expect(try rows(source) == ["1|x"])
        try FileManager.default.moveItem(atPath: folder.path, toPath: folder.path + "-away")
        #expect(try rows(source).isEmpty)
        try FileManager.default.createDirectory(atPath: folder.path, withIntermediateDirectories: true)
        #expect(try rows(source).isEmpty)
        try FileManager.default.removeItem(atPath: folder.path)
        try FileManager.default.moveItem(atPath: folder.path + "-away", toPath: folder.path)
        try folder.append(line(2), to: "a.log")
        #expect(try rows(source) == ["2|x"])
    }

    @Test func aFileOfTwoNamesIsReadOnce() throws {
        let folder = try Folder()
        try folder.write(line(1), to: "a.log")
        try FileManager.default.createSymbolicLink(
            atPath: folder.path + "/current.log", withDestinationPath: folder.path + "/a.log")
        try FileManager.default.createSymbolicLink(
            atPath: folder.path + "/dangling.log", withDestinationPath: folder.path + "/none")
        try FileManager.default.createDirectory(atPath: folder.path + "/sub", withIntermediateDirectories: true)
        let source = source(folder)
        #expect(try rows(source) == ["1|x"])
        try folder.append(line(2), to: "a.log")
        #expect(try rows(source) == ["2|x"])
        #expect(source.lagBytes == 0)
    }

    @Test func manyFilesAreLookedAtInParts() throws {
        let folder = try Folder()
        for index in 0..<4_500 { try folder.write(line(index), to: "\(index).log") }
        let source = source(folder)
        clock.advance(microseconds: 1_000_000)
        #expect(try source.next() == nil)
        #expect(source.isLooking)
        #expect(try rows(source).count == 4_500)
        #expect(try rows(source).isEmpty)
    }

    @Test func filesBeyondTheLimitWaitAndAreTold() throws {
        let folder = try Folder()
        for index in 0..<3 { try folder.write(line(index), to: "\(index).log") }
        let source = source(folder, maximumFiles: 2)
        #expect(try rows(source).count == 2)
        #expect(source.takeNotes().contains { $0.contains("more than 2 files") })
        try FileManager.default.removeItem(atPath: folder.path + "/0.log")
        _ = try rows(source)
        #expect(try rows(source) == ["2|x"], "when one of the others has gone")
    }

    @Test func whatIsThereCanBePassedOver() throws {
        let folder = try Folder()
        try folder.write(line(1) + "{\"v\":2,", to: "a.log")
        let first = source(folder, fromLatest: true)
        #expect(try rows(first).isEmpty)
        try folder.append("\"s\":\"x\"}\n" + line(3), to: "a.log")
        try folder.write(line(4), to: "b.log")
        #expect(try rows(first).sorted() == ["3|x", "4|x"])
        let second = source(folder, offsets: first.offsets, fromLatest: true)
        try folder.append(line(5), to: "a.log")
        #expect(try rows(second) == ["5|x"], "it goes on where it stood")
    }

    @Test func packedFilesAreTold() throws {
        let folder = try Folder()
        try folder.write("\u{1f}", to: "a.log.1.gz")
        try folder.write(line(1), to: "a.log")
        let source = source(folder)
        #expect(try rows(source) == ["1|x"])
        let packed = "\(folder.path)/a.log.1.gz is packed; packed files of a watched folder are not read"
        #expect(source.takeNotes() == [packed])
        #expect(try rows(source).isEmpty)
        #expect(source.takeNotes().isEmpty)
    }

    /// A disk that does not give out one file.
    private final class Refusing: Storage {
        let name: String
        let isRefusing = Atomic(true)
        private let disk = DiskStorage()

        init(_ name: String) { self.name = name }

        func open(_ path: String, mode: OpenMode) throws(StorageError) -> any StorageFile {
            guard !path.hasSuffix(name) || !isRefusing.load(ordering: .relaxed) else {
                throw StorageError(code: .permissionDenied, operation: "open", path: path, cause: "Permission denied")
            }
            return try disk.open(path, mode: mode)
        }

        func createFolder(_ path: String) throws(StorageError) { try disk.createFolder(path) }
        func list(_ folder: String) throws(StorageError) -> [String] { try disk.list(folder) }
        func rename(_ source: String, to target: String) throws(StorageError) { try disk.rename(source, to: target) }
        func remove(_ path: String) throws(StorageError) { try disk.remove(path) }
        func syncFolder(_ path: String) throws(StorageError) { try disk.syncFolder(path) }
        func lockFolder(_ path: String) throws(StorageError) -> any StorageLock { try disk.lockFolder(path) }
    }

    @Test func aFileThatCannotBeReadHoldsUpNoOther() throws {
        let folder = try Folder()
        try folder.write(line(1), to: "a.log")
        try folder.write(line(2), to: "b.log")
        let disk = Refusing("a.log")
        let source = source(folder, storage: disk)
        #expect(try rows(source) == ["2|x"])
        #expect(try rows(source).isEmpty)
        let notes = source.takeNotes()
        #expect(notes.count == 1 && notes[0].contains("a.log: Permission denied"))
        #expect(source.lagBytes > 0)
        disk.isRefusing.store(false, ordering: .relaxed)
        #expect(try rows(source) == ["1|x"])
        disk.isRefusing.store(true, ordering: .relaxed)
        try folder.append(line(3), to: "a.log")
        #expect(try rows(source).isEmpty)
        disk.isRefusing.store(false, ordering: .relaxed)
        #expect(try rows(source) == ["3|x"], "a file that can't be compared is not taken for another")
    }

    @Test func aQueryThatEndsSaysWhichFileItCannotRead() throws {
        let folder = try Folder()
        try folder.write(line(1), to: "a.log")
        let scan = FolderScan(source(folder, storage: Refusing("a.log")))
        #expect(throws: SQLError.self) { try scan.next() }
    }

    @Test func tablesWithHeadersGrowToo() throws {
        let folder = try Folder()
        try folder.write("s,v\n\"a\nb\",1\n", to: "a.csv")
        let first = source(folder, .csv)
        #expect(try rows(first) == ["1|a\nb"])
        try folder.append("\"c\n", to: "a.csv")
        #expect(try rows(first).isEmpty, "a line end in quotes")
        try folder.append("d\",2\ne,3\n", to: "a.csv")
        let second = source(folder, .csv, offsets: first.offsets)
        #expect(try rows(second) == ["2|c\nd", "3|e"])
    }

    @Test func rowsTellOfTheirFile() throws {
        let folder = try Folder()
        let bench = try JobBench()
        defer { bench.stop() }
        _ = bench.jobs.start()
        try folder.write(line(1) + line(2), to: "eu-1.log")
        try folder.write(line(3), to: "us-1.log")
        try bench.jobs.submit(
            name: "follow",
            text: """
                CREATE TABLE app (host STRING METADATA FROM 'file.name' VIRTUAL, v BIGINT,
                  `file.path` STRING METADATA VIRTUAL, size BIGINT METADATA FROM 'file.size' VIRTUAL,
                  at TIMESTAMP(3) METADATA FROM 'file.modification-time' VIRTUAL)
                WITH ('path' = '\(folder.path)', 'source.monitor-interval' = '10 ms', 'format' = 'json',
                  'scan.watermark.idle-timeout' = '30 s');
                INSERT INTO seen SELECT v, host, `file.path` AS place, size, at > TIMESTAMP '2020-01-01 00:00:00' AS fresh FROM app
                """, allowsFiles: true)
        #expect(bench.wait { bench.rows(of: "seen") == 3 })
        let two = line(1).utf8.count * 2
        #expect(
            bench.ask("SELECT v, host, place, size, fresh FROM seen").sorted() == [
                "1|eu-1.log|\(folder.path)/eu-1.log|\(two)|true", "2|eu-1.log|\(folder.path)/eu-1.log|\(two)|true",
                "3|us-1.log|\(folder.path)/us-1.log|\(two / 2)|true",
            ])
        let wrong = """
            CREATE TABLE app (v BIGINT, line BIGINT METADATA VIRTUAL)
            WITH ('path' = '\(folder.path)', 'source.monitor-interval' = '10 ms'); INSERT INTO seen SELECT v FROM app
            """
        let error = #expect(throws: SQLError.self) {
            try bench.jobs.submit(name: "wrong", text: wrong, allowsFiles: true)
        }
        #expect(error?.message == "rows of a watched folder have no property 'line'")
    }

    @Test func linesThatAreNoRowsAreCounted() throws {
        let folder = try Folder()
        try folder.write("nonsense\n" + line(1) + "[1]\n", to: "a.log")
        let source = source(folder)
        #expect(try rows(source) == ["1|x"])
        #expect(source.malformedLines == 2)
        #expect(source.takeNotes().contains { $0.contains("a.log: what stands at byte 0 is no row") })
    }

    @Test func statementsOfOneTableTellOfALineOnce() throws {
        let folder = try Folder()
        let bench = try JobBench()
        defer { bench.stop() }
        try folder.write("nonsense\n" + line(1), to: "a.log")
        try bench.jobs.submit(
            name: "follow",
            text: """
                CREATE TABLE app (v BIGINT, s STRING) WITH ('connector' = 'filesystem', 'path' = '\(folder.path)',
                  'source.monitor-interval' = '10 ms');
                INSERT INTO seen SELECT v FROM app;
                INSERT INTO more SELECT v FROM app
                """, allowsFiles: true)
        func told() -> Int {
            let lines = (try? bench.jobs.log("follow")) ?? []
            return lines.count { $0.message.contains("is no row") }
        }
        let isRead = bench.wait {
            bench.clock.advance(microseconds: 20_000)
            return bench.rows(of: "seen") == 1 && bench.rows(of: "more") == 1 && told() > 0
        }
        #expect(isRead)
        #expect(told() == 1)
    }

    @Test func largeFilesComeInPieces() throws {
        let folder = try Folder()
        try folder.write((0..<50_000).map(line).joined(), to: "a.log")
        var source = source(folder)
        var seen = 0
        // A stop after each piece.
        clock.advance(microseconds: 1_000_000)
        while let batch = try source.next() {
            seen += batch.rowCount
            source = self.source(folder, offsets: source.offsets)
        }
        #expect(seen == 50_000)
    }

    @Test func aJobFollowsAFolderAcrossCrashes() throws {
        let folder = try Folder()
        let bench = try JobBench()
        defer { bench.stop() }
        _ = bench.jobs.start()
        try bench.jobs.submit(
            name: "follow",
            text: """
                CREATE TABLE app (v BIGINT, s STRING) WITH ('connector' = 'filesystem', 'path' = '\(folder.path)',
                  'source.monitor-interval' = '10 ms');
                INSERT INTO seen SELECT v FROM app
                """, allowsFiles: true)
        var sent = 0
        for round in 0..<5 {
            let lines = (sent..<sent + 100).map(line).joined()
            sent += 100
            if round % 2 == 0 {
                try folder.write(lines, to: "\(round).log")
            } else {
                try folder.append(lines, to: "\(round - 1).log")
            }
            bench.clock.advance(microseconds: 20_000)
            _ = bench.wait { bench.rows(of: "seen") > sent - 80 }
            try bench.crash()
        }
        #expect(
            bench.wait {
                bench.clock.advance(microseconds: 20_000)
                return bench.rows(of: "seen") >= sent
            })
        #expect(bench.ask("SELECT v FROM seen").compactMap { Int($0) }.sorted() == Array(0..<sent))
    }
}
