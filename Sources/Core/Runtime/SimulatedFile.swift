import Bytes

/// One file of `SimulatedStorage`; touched only under the storage's lock.
final class SimulatedFile: @unchecked Sendable {
    enum Change {
        case write(position: Int, bytes: [UInt8])
        case truncate(size: Int)
    }

    /// What readers see.
    var current: [UInt8] = []
    /// What the device holds.
    var durable: [UInt8] = []
    private var pending: [Change] = []

    func apply(_ change: Change) {
        pending.append(change)
        SimulatedFile.apply(change, to: &current)
    }

    func sync() {
        for change in pending { SimulatedFile.apply(change, to: &durable) }
        pending.removeAll()
    }

    /// A failed sync: the changes are neither on the device nor waiting any more.
    func forgetPending() {
        pending.removeAll()
    }

    func crash(_ random: inout Random) {
        for change in pending {
            switch change {
            case .truncate:
                if random.chance(0.5) { SimulatedFile.apply(change, to: &durable) }
            case .write(let position, let bytes):
                switch random.below(4) {
                case 0: break
                case 1: SimulatedFile.apply(change, to: &durable)
                default: tear(position: position, bytes: bytes, &random)
                }
            }
        }
        pending.removeAll()
        current = durable
    }

    /// Keeps either a prefix of the write or a random choice of its sectors.
    private func tear(position: Int, bytes: [UInt8], _ random: inout Random) {
        if random.chance(0.5) {
            let kept = Array(bytes.prefix(random.below(bytes.count + 1)))
            SimulatedFile.apply(.write(position: position, bytes: kept), to: &durable)
            return
        }
        var start = 0
        while start < bytes.count {
            let end = min(bytes.count, (position + start) / 512 * 512 + 512 - position)
            if random.chance(0.5) {
                SimulatedFile.apply(.write(position: position + start, bytes: Array(bytes[start..<end])), to: &durable)
            }
            start = end
        }
    }

    private static func apply(_ change: Change, to bytes: inout [UInt8]) {
        switch change {
        case .write(let position, let new):
            if new.isEmpty { return }
            if bytes.count < position + new.count {
                bytes += [UInt8](repeating: 0, count: position + new.count - bytes.count)
            }
            bytes.overwrite(at: position, with: new, 0..<new.count)
        case .truncate(let size):
            if size <= bytes.count {
                bytes.removeSubrange(size...)
            } else {
                bytes += [UInt8](repeating: 0, count: size - bytes.count)
            }
        }
    }
}

/// An open `SimulatedFile`; dead after a crash.
final class SimulatedHandle: StorageFile {
    let path: String
    private let file: SimulatedFile
    private let storage: SimulatedStorage
    private let epoch: Int

    init(file: SimulatedFile, path: String, storage: SimulatedStorage, epoch: Int) {
        self.file = file
        self.path = path
        self.storage = storage
        self.epoch = epoch
    }

    func size() throws(StorageError) -> Int {
        try storage.perform("fstat", path, epoch: epoch) { _ throws(StorageError) in file.current.count }
    }

    func write(_ bytes: Span<UInt8>, at position: Int) throws(StorageError) {
        var new = [UInt8](bytes)
        try storage.perform("pwrite", path, epoch: epoch) { state throws(StorageError) in
            let growth = max(0, position + new.count - file.current.count)
            let room = state.capacityBytes.map { max(0, $0 - state.usedBytes) } ?? .max
            let isFull = growth > room
            if isFull { new.removeLast(min(new.count, growth - room)) }
            let before = file.current.count
            file.apply(.write(position: position, bytes: new))
            state.usedBytes += file.current.count - before
            if isFull {
                throw StorageError(code: .noSpace, operation: "pwrite", path: path, cause: "no space left on device")
            }
        }
    }

    func read(at position: Int, into buffer: inout [UInt8], _ range: Range<Int>) throws(StorageError) -> Int {
        let bytes = try storage.perform("pread", path, epoch: epoch) { _ throws(StorageError) in file.current }
        let count = max(0, min(bytes.count - position, range.count))
        if count > 0 { buffer.overwrite(at: range.lowerBound, with: bytes, position..<position + count) }
        return count
    }

    func sync() throws(StorageError) {
        try storage.perform("fdatasync", path, epoch: epoch, file: file) { _ throws(StorageError) in file.sync() }
    }

    func truncate(to size: Int) throws(StorageError) {
        try storage.perform("ftruncate", path, epoch: epoch) { state throws(StorageError) in
            state.usedBytes += size - file.current.count
            file.apply(.truncate(size: size))
        }
    }
}

extension [UInt8] {
    /// One copy of memory: tests of the unoptimised build run many of these.
    fileprivate mutating func overwrite(at position: Int, with source: [UInt8], _ range: Range<Int>) {
        withUnsafeMutableBytes { target in
            source.withUnsafeBytes { source in
                let target = UnsafeMutableRawBufferPointer(rebasing: target[position..<position + range.count])
                target.copyMemory(from: UnsafeRawBufferPointer(rebasing: source[range]))
            }
        }
    }
}
