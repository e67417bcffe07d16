import Runtime
import SQL

extension JobFolder {
    /// Puts a record where the job goes on from, durably, and removes those that no later one needs.
    ///
    /// - Parameter savepoint: a label under which it is kept as well.
    func write(_ bytes: [UInt8], sequence: Int64, since: Int64, savepoint: String?) throws(StorageError) {
        if let savepoint { try storage.replaceAtomically(StoragePath.join(savepointFolder, savepoint), with: bytes) }
        try storage.replaceAtomically(StoragePath.join(checkpointFolder, Self.name(of: sequence)), with: bytes)
        for old in try sequences() where old < since {
            try storage.remove(StoragePath.join(checkpointFolder, Self.name(of: old)))
        }
    }

    /// Where the job goes on, put together from its records; `nil` where there is none yet.
    ///
    /// - Throws: `corrupt_state` where a record is damaged or missing, `source_failed` where one can't be read.
    func readCheckpoint() throws(SQLError) -> Checkpoint? {
        let sequences: [Int64]
        do throws(StorageError) {
            try storage.createFolder(checkpointFolder)
            // A record whose writing failed at the very end may be there and yet be gone after a crash: nobody may go on
            // from it before it is durable.
            try storage.syncFolder(checkpointFolder)
            sequences = try self.sequences()
        } catch {
            throw Self.unreadable(error)
        }
        guard let last = sequences.last else { return nil }
        let newest = try readRecord(last)
        var joined: Checkpoint?
        for sequence in sequences where sequence >= newest.since {
            guard sequence == (joined?.sequence ?? newest.since - 1) + 1 else {
                throw StateCodec.damaged("the record before \(sequence) is missing")
            }
            let record = sequence == last ? newest : try readRecord(sequence)
            joined = joined.map { record.following($0) } ?? record
        }
        return joined
    }

    /// Puts a savepoint in the place of the checkpoint.
    ///
    /// - Parameter now: wall time, microseconds.
    /// - Returns: whether there is such a savepoint.
    func take(savepoint: String, now: Int64) throws(SQLError) -> Bool {
        let path = StoragePath.join(savepointFolder, savepoint)
        guard var checkpoint = try read(path) else { return false }
        do throws(StorageError) {
            checkpoint.sequence = (try sequences().last ?? 0) + 1
            try write(checkpoint.encoded(), sequence: checkpoint.sequence, since: checkpoint.sequence, savepoint: nil)
            try reincarnate(now: now)
        } catch {
            throw SQLError(code: .sinkFailed, message: "savepoint \(savepoint) can't be taken: \(error)")
        }
        return true
    }

    private func readRecord(_ sequence: Int64) throws(SQLError) -> Checkpoint {
        guard let record = try read(StoragePath.join(checkpointFolder, Self.name(of: sequence))) else {
            throw StateCodec.damaged("record \(sequence) is gone")
        }
        guard record.sequence == sequence else { throw StateCodec.damaged("record \(sequence) is another") }
        return record
    }

    private func read(_ path: String) throws(SQLError) -> Checkpoint? {
        let bytes: [UInt8]
        do throws(StorageError) {
            bytes = try storage.readAll(path, limit: Self.checkpointLimitBytes)
        } catch {
            if error.code == .notFound { return nil }
            throw Self.unreadable(error)
        }
        return try Checkpoint(decoding: bytes.span)
    }

    /// Ascending.
    private func sequences() throws(StorageError) -> [Int64] {
        try storage.list(checkpointFolder).compactMap { Int64($0) }.sorted()
    }

    private static func name(of sequence: Int64) -> String { String(sequence) }

    private static func unreadable(_ error: StorageError) -> SQLError {
        SQLError(code: .sourceFailed, message: "the checkpoint can't be read: \(error)")
    }
}
