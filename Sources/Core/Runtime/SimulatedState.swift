/// What `SimulatedStorage` holds under its lock: the names as the cache sees them and as the device would have them.
struct SimulatedState {
    /// A folder has no file.
    struct Entry {
        var file: SimulatedFile?
    }

    struct NameChange {
        var set: [String: Entry]
        var removed: [String]
    }

    var random: Random
    var names: [String: Entry] = [:]
    private var durableNames: [String: Entry] = [:]
    private var pendingNames: [NameChange] = []
    var locks: Set<String> = []
    /// Counts crashes; handles of an older epoch are dead.
    var epoch = 0
    var calls = 0
    var failingCall = Int.max
    var failingCode = StorageError.Code.inputOutput
    var failureProbability = 0.0
    var capacityBytes: Int?
    var usedBytes = 0

    init(random: Random) {
        self.random = random
    }

    /// Counts the call and throws if a fault is due or the handle is from before a crash.
    mutating func admit(_ operation: String, _ path: String, epoch: Int?, file: SimulatedFile?) throws(StorageError) {
        calls += 1
        if let epoch, epoch != self.epoch {
            throw StorageError(code: .inputOutput, operation: operation, path: path, cause: "the machine has crashed")
        }
        var code: StorageError.Code?
        if calls == failingCall {
            code = failingCode
        } else if failureProbability > 0, operation != "pread", random.chance(failureProbability) {
            code = random.chance(0.5) ? .inputOutput : .noSpace
        }
        guard let code else { return }
        if operation == "fdatasync" { file?.forgetPending() }
        throw StorageError(code: code, operation: operation, path: path, cause: "simulated failure of call \(calls)")
    }

    static func missing(_ operation: String, _ path: String) -> StorageError {
        StorageError(code: .notFound, operation: operation, path: path, cause: "no such file")
    }

    mutating func createFolder(_ path: String) throws(StorageError) {
        var missing: [String: Entry] = [:]
        var folder = path
        while folder != ".", folder != "/", names[folder] == nil {
            missing[folder] = Entry(file: nil)
            folder = StoragePath.folder(of: folder)
        }
        if let entry = names[folder], entry.file != nil {
            throw StorageError(code: .alreadyExists, operation: "mkdir", path: path, cause: "a file is in the way")
        }
        if !missing.isEmpty { change(NameChange(set: missing, removed: [])) }
    }

    mutating func open(_ path: String, mode: OpenMode) throws(StorageError) -> SimulatedFile {
        if let entry = names[path] {
            guard let file = entry.file else {
                throw StorageError(code: .alreadyExists, operation: "open", path: path, cause: "is a folder")
            }
            if mode == .replace {
                usedBytes -= file.current.count
                file.apply(.truncate(size: 0))
            }
            return file
        }
        let parent = StoragePath.folder(of: path)
        guard mode == .create || mode == .replace, names[parent] != nil || parent == "." || parent == "/" else {
            throw SimulatedState.missing("open", path)
        }
        let file = SimulatedFile()
        change(NameChange(set: [path: Entry(file: file)], removed: []))
        return file
    }

    func list(_ folder: String) throws(StorageError) -> [String] {
        guard names[folder] != nil else { throw SimulatedState.missing("list", folder) }
        let prefix = folder + "/"
        return names.keys.filter { $0.hasPrefix(prefix) }.map { String($0.dropFirst(prefix.count)) }
            .filter { !$0.contains("/") }.sorted()
    }

    mutating func change(_ change: NameChange) {
        pendingNames.append(change)
        for name in change.removed {
            if let file = names.removeValue(forKey: name)?.file, change.set.isEmpty { usedBytes -= file.current.count }
        }
        names.merge(change.set) { _, new in new }
    }

    mutating func syncNames() {
        for change in pendingNames { apply(change) }
        pendingNames.removeAll()
    }

    private mutating func apply(_ change: NameChange) {
        for name in change.removed { durableNames[name] = nil }
        durableNames.merge(change.set) { _, new in new }
    }

    mutating func crash() {
        epoch += 1
        locks.removeAll()
        // A journalling file system replays name changes in order, up to where its journal got.
        for change in pendingNames.prefix(random.below(pendingNames.count + 1)) { apply(change) }
        pendingNames.removeAll()
        names = durableNames
        usedBytes = 0
        for path in names.keys.sorted() {
            guard let file = names[path]?.file else { continue }
            file.crash(&random)
            usedBytes += file.current.count
        }
    }
}
