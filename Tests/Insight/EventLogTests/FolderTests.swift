import Columns
import Runtime
import Testing

@testable import EventLog

@Suite struct FolderTests {
    @Test func twoOnOneFolder() throws {
        let folder = try TemporaryFolder()
        let log = try EventLog.open(EventLogOptions(folder: folder.path))
        let error = #expect(throws: LogError.self) { _ = try EventLog.open(EventLogOptions(folder: folder.path)) }
        #expect(error?.code == .locked && error?.fault == .operation)
        try log.createTopic("numbers", schema: numbersSchema)
        try log.appendAndWait(numbers(0..<5), to: "numbers")
        var options = EventLogOptions(folder: folder.path)
        options.isReadOnly = true
        let beside = try EventLog.open(options)
        #expect(try beside.read(topic: "numbers", from: .earliest).allNumbers() == Array(0..<5))
        let refused = #expect(throws: LogError.self) { try beside.appendAndWait(numbers(0..<1), to: "numbers") }
        #expect(refused?.code == .readOnly)
        beside.close()
        log.close()
        try EventLog.open(EventLogOptions(folder: folder.path)).close()
    }

    @Test func aForeignFolderIsLeftAlone() throws {
        let folder = try TemporaryFolder()
        try DiskStorage().replaceAtomically(folder.path + "/letters.txt", with: Array("dear".utf8))
        let error = #expect(throws: LogError.self) { _ = try EventLog.open(EventLogOptions(folder: folder.path)) }
        #expect(error?.code == .foreignFolder)
        #expect(try DiskStorage().list(folder.path) == ["letters.txt"])
    }

    @Test func aNewerLogIsLeftAlone() throws {
        let folder = try TemporaryFolder()
        try DiskStorage().replaceAtomically(folder.path + "/FORMAT", with: Array("squilla-log 2\n".utf8))
        let error = #expect(throws: LogError.self) { _ = try EventLog.open(EventLogOptions(folder: folder.path)) }
        #expect(error?.code == .unsupportedVersion)
    }

    @Test func aFileInTheWay() throws {
        let folder = try TemporaryFolder()
        try DiskStorage().replaceAtomically(folder.path + "/log", with: [])
        let error = #expect(throws: LogError.self) {
            _ = try EventLog.open(EventLogOptions(folder: folder.path + "/log"))
        }
        #expect(error?.where == folder.path + "/log")
    }

    @Test func damagedDescriptionsAreRefused() throws {
        let description = TopicDescription(settings: TopicSettings(), schema: numbersSchema)
        var bytes = description.encoded()
        #expect(try TopicDescription(bytes, path: "t") == description)
        bytes[40] ^= 1
        let error = #expect(throws: LogError.self) { _ = try TopicDescription(bytes, path: "t") }
        #expect(error?.code == .corrupt)
        let lies = [
            ["squilla-topic 1"], ["squilla-topic 9", "schema 1"], ["squilla-topic 1", "schema 0"],
            ["squilla-topic 1", "schema 1", "field int65 a"], ["squilla-topic 1", "field int64 a"],
            ["squilla-topic 1", "schema 1", "field int64 a", "field bool a"],
            ["squilla-topic 1", "schema 1", "field decimal a"],
            ["squilla-topic 1", "schema 1", "field decimal(39) a"],
            ["squilla-topic 1", "partitions 100000", "schema 1"], ["squilla-topic 1", "wish 1", "schema 1"],
        ]
        for lie in lies {
            #expect(throws: LogError.self) { _ = try TopicDescription(TextFile.encode(lie), path: "t") }
        }
        let odd = Schema([
            Field("a b%\n/", .json), Field("größe", .float64), Field("", .bool), Field("d", .decimal(scale: 38)),
        ])
        let oddDescription = TopicDescription(settings: TopicSettings(), schema: odd, schemaVersion: 7)
        #expect(try TopicDescription(oddDescription.encoded(), path: "t") == oddDescription)
    }

    @Test func aTopicThatOftenGetsNewColumnsOpensAgain() throws {
        let storage = SimulatedStorage(seed: 1)
        var options = EventLogOptions(folder: "/log")
        options.columnsMaximum = 300
        var log = try EventLog.open(options, storage: storage)
        // Long names, and each with a version of the schema of its own.
        let fields = (0..<300).map { Field("\($0)" + String(repeating: "/", count: 500), .int64) }
        for field in fields {
            try log.createTopic("t", settings: TopicSettings(), schema: Schema([field]))
        }
        #expect(throws: LogError.self) {
            try log.createTopic("t", settings: TopicSettings(), schema: Schema([Field("one more", .bool)]))
        }
        let tooLong = #expect(throws: LogError.self) {
            let schema = Schema([Field(String(repeating: "x", count: 513), .bool)])
            try log.createTopic("u", settings: TopicSettings(), schema: schema)
        }
        #expect(tooLong?.code == .invalidName)
        log.close()
        log = try EventLog.open(options, storage: storage)
        #expect(log.topic("t")?.schema == Schema(fields))
        log.close()
    }
}
