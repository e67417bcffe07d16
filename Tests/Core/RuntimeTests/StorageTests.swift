import Runtime
import Testing

@Suite struct SimulatedStorageTests {
    @Test func syncedBytesSurviveACrash() throws {
        let storage = SimulatedStorage(seed: 1)
        try storage.createFolder("d/e")
        try storage.replaceAtomically("d/e/f", with: Array("kept".utf8))
        let file = try storage.open("d/e/f", mode: .readWrite)
        try file.write(Array("unsynced".utf8).span, at: 4)
        storage.crash()
        #expect(throws: StorageError.self) { try file.size() }
        #expect(try storage.readAll("d/e/f", limit: 100).starts(with: Array("kept".utf8)))
    }

    @Test func unsyncedNamesMayGo() throws {
        var survived = 0
        for seed in 0..<50 as Range<UInt64> {
            let storage = SimulatedStorage(seed: seed)
            try storage.createFolder("d")
            try storage.syncFolder("d")
            _ = try storage.open("d/f", mode: .create)
            storage.crash()
            if try storage.exists("d/f") { survived += 1 }
        }
        #expect(survived > 0 && survived < 50)
    }

    @Test func aFailedSyncLosesTheBytesUnlessWrittenAgain() throws {
        let storage = SimulatedStorage(seed: 1)
        let file = try storage.open("f", mode: .create)
        try storage.syncFolder(".")
        try file.write([1, 2, 3].span, at: 0)
        storage.failCall(number: 1)
        #expect(throws: StorageError.self) { try file.sync() }
        try file.sync()
        storage.crash()
        #expect(try storage.readAll("f", limit: 10) == [])
    }

    @Test func aFullDeviceTakesWhatFits() throws {
        let storage = SimulatedStorage(seed: 1)
        storage.setCapacity(bytes: 5)
        let file = try storage.open("f", mode: .create)
        let error = #expect(throws: StorageError.self) { try file.write([1, 2, 3, 4, 5, 6, 7].span, at: 0) }
        #expect(error?.code == .noSpace)
        #expect(try file.size() == 5)
        try file.truncate(to: 0)
        try file.write([1].span, at: 0)
    }

    @Test func locksAreExclusiveAndDieWithTheMachine() throws {
        let storage = SimulatedStorage(seed: 1)
        try storage.createFolder("d")
        try storage.syncFolder(".")
        let lock = try storage.lockFolder("d")
        let error = #expect(throws: StorageError.self) { _ = try storage.lockFolder("d") }
        #expect(error?.code == .locked(holder: nil))
        storage.crash()
        let second = try storage.lockFolder("d")
        lock.release()
        #expect(throws: StorageError.self) { _ = try storage.lockFolder("d") }
        second.release()
        _ = try storage.lockFolder("d")
    }
}

@Suite struct DiskStorageTests {
    private func folder() -> String {
        var random = Random()
        return "/tmp/squilla-tests-\(random.next())"
    }

    @Test func filesAndNames() throws {
        let storage = DiskStorage()
        let root = folder()
        defer { for name in ["a/LOCK", "a/g", "a/f", "a", ""] { try? storage.remove(root + "/" + name) } }
        try storage.createFolder(root + "/a")
        try storage.createFolder(root + "/a")
        let file = try storage.open(root + "/a/f", mode: .create)
        try file.write(Array("hello world".utf8).span, at: 0)
        try file.sync()
        try file.truncate(to: 5)
        #expect(try file.size() == 5)
        #expect(try file.read(at: 1, count: 100) == Array("ello".utf8))
        try storage.rename(root + "/a/f", to: root + "/a/g")
        try storage.syncFolder(root + "/a")
        #expect(try storage.list(root + "/a") == ["g"])
        let error = #expect(throws: StorageError.self) { _ = try storage.open(root + "/a/f", mode: .read) }
        #expect(error?.code == .notFound)
        let inTheWay = #expect(throws: StorageError.self) { try storage.createFolder(root + "/a/g") }
        #expect(inTheWay?.code == .alreadyExists)
    }

    @Test func aFolderHasOneHolder() throws {
        let storage = DiskStorage()
        let root = folder()
        defer { for name in ["LOCK", ""] { try? storage.remove(root + "/" + name) } }
        try storage.createFolder(root)
        let lock = try storage.lockFolder(root)
        let error = #expect(throws: StorageError.self) { _ = try storage.lockFolder(root) }
        guard case .locked(let holder) = error?.code else {
            Issue.record("not locked: \(String(describing: error))")
            return
        }
        #expect(holder != nil)
        lock.release()
        try storage.lockFolder(root).release()
    }
}
