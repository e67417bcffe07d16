import Synchronization

/// Files in memory with the failures of real ones, decided by a seed.
///
/// A file has bytes that the device holds and changes that only the cache holds. `crash()` keeps of the changes what
/// chance keeps: each write whole, torn at 512-byte sectors, or not at all. Names behave alike: created, renamed and
/// removed names survive in order up to a random point unless the folder was synced. After a failed sync the changes
/// count as written but are not (Linux marks the pages clean), so only writing them again helps.
public final class SimulatedStorage: Storage {
    private let state: Mutex<SimulatedState>

    public init(seed: UInt64) {
        self.state = Mutex(SimulatedState(random: Random(seed: seed)))
    }

    /// The device's size in bytes; writes beyond it fail with `noSpace` after filling it. `nil` is endless.
    public func setCapacity(bytes: Int?) {
        state.withLock { $0.capacityBytes = bytes }
    }

    /// Makes the n-th call from now on fail (1 is the next), whatever it is, once; `.max` takes that back.
    public func failCall(number: Int, code: StorageError.Code = .inputOutput) {
        state.withLock { state in
            state.failingCall = number == .max ? .max : state.calls + number
            state.failingCode = code
        }
    }

    /// Makes each write, sync, truncate, open, rename fail with this probability; 0 turns it off.
    public func setFailureProbability(_ probability: Double) {
        state.withLock { $0.failureProbability = probability }
    }

    /// How many calls were made so far.
    public var calls: Int { state.withLock { $0.calls } }

    /// Pulls the plug: open files and locks are dead, what was not synced is lost, torn or kept, by the seed.
    public func crash() {
        state.withLock { $0.crash() }
    }

    /// Changes bytes on the device under everybody's feet, as a failing disk does.
    public func corrupt(_ path: String, at position: Int, xor mask: UInt8 = 0xFF) {
        state.withLock { state in
            guard let file = state.names[path]?.file, position < file.current.count else { return }
            file.current[position] ^= mask
            if position < file.durable.count { file.durable[position] ^= mask }
        }
    }

    public func createFolder(_ path: String) throws(StorageError) {
        try perform("mkdir", path) { state throws(StorageError) in try state.createFolder(path) }
    }

    public func open(_ path: String, mode: OpenMode) throws(StorageError) -> any StorageFile {
        try perform("open", path) { state throws(StorageError) in
            SimulatedHandle(file: try state.open(path, mode: mode), path: path, storage: self, epoch: state.epoch)
        }
    }

    public func list(_ folder: String) throws(StorageError) -> [String] {
        try perform("list", folder) { state throws(StorageError) in try state.list(folder) }
    }

    public func rename(_ source: String, to target: String) throws(StorageError) {
        try perform("rename", source) { state throws(StorageError) in
            guard let entry = state.names[source] else { throw SimulatedState.missing("rename", source) }
            state.change(.init(set: [target: entry], removed: [source]))
        }
    }

    public func remove(_ path: String) throws(StorageError) {
        try perform("remove", path) { state throws(StorageError) in
            guard state.names[path] != nil else { throw SimulatedState.missing("remove", path) }
            if state.names.keys.contains(where: { $0.hasPrefix(path + "/") }) {
                throw StorageError(code: .alreadyExists, operation: "remove", path: path, cause: "not empty")
            }
            state.change(.init(set: [:], removed: [path]))
        }
    }

    public func syncFolder(_ path: String) throws(StorageError) {
        try perform("fsync", path) { state throws(StorageError) in state.syncNames() }
    }

    public func lockFolder(_ path: String) throws(StorageError) -> any StorageLock {
        try perform("flock", path) { state throws(StorageError) in
            guard state.names[path] != nil else { throw SimulatedState.missing("flock", path) }
            guard state.locks.insert(path).inserted else {
                throw StorageError(code: .locked(holder: nil), operation: "flock", path: path, cause: "held")
            }
            return SimulatedLock(storage: self, path: path, epoch: state.epoch)
        }
    }

    fileprivate func unlock(_ path: String, epoch: Int) {
        state.withLock { state in
            if state.epoch == epoch { state.locks.remove(path) }
        }
    }

    /// Runs one call under the lock, after giving the faults their chance.
    func perform<Result>(
        _ operation: String, _ path: String, epoch: Int? = nil, file: SimulatedFile? = nil,
        _ body: (inout SimulatedState) throws(StorageError) -> Result
    ) throws(StorageError) -> Result {
        // `Mutex.withLock` does not keep a typed error; carry it by hand.
        var failure: StorageError?
        let result: Result? = state.withLock { state -> Result? in
            do throws(StorageError) {
                try state.admit(operation, path, epoch: epoch, file: file)
                return try body(&state)
            } catch {
                failure = error
                return nil
            }
        }
        if let failure { throw failure }
        guard let result else { throw SimulatedState.missing(operation, path) }
        return result
    }
}

private final class SimulatedLock: StorageLock {
    private let storage: SimulatedStorage
    private let path: String
    private let epoch: Int

    init(storage: SimulatedStorage, path: String, epoch: Int) {
        self.storage = storage
        self.path = path
        self.epoch = epoch
    }

    deinit { release() }

    func release() { storage.unlock(path, epoch: epoch) }
}
