import Runtime

/// Where things lie: `FORMAT` (that this is a log), `LOCK`, `topics/NAME/topic`, `topics/NAME/PARTITION/*.log|idx`,
/// `positions/CONSUMER`.
struct LogFolder {
    static let format = Array("squilla-log 1\n".utf8)

    let path: String
    let storage: any Storage

    private var formatFile: String { StoragePath.join(path, "FORMAT") }
    private var topicsFolder: String { StoragePath.join(path, "topics") }
    var positionsFolder: String { StoragePath.join(path, "positions") }

    func topicFolder(_ name: String) -> String { StoragePath.join(topicsFolder, name) }
    func topicFile(_ name: String) -> String { StoragePath.join(topicFolder(name), "topic") }

    func partition(_ number: Int, of name: String) -> String {
        StoragePath.join(topicFolder(name), String(number))
    }

    /// Takes the folder, and makes it a log when it is new or empty.
    func open() throws(LogError) -> (any StorageLock)? {
        try storing { () throws(StorageError) in try storage.createFolder(path) }
        let names = try storing { () throws(StorageError) in try storage.list(path) }
        // A crash may have come between the lock file and the format file.
        let isNew = names.allSatisfy { $0 == "LOCK" || $0 == "FORMAT.new" || $0 == "topics" || $0 == "positions" }
        if !names.contains("FORMAT"), !isNew { throw foreign() }
        let lock = try storing { () throws(StorageError) in try storage.lockFolder(path) }
        do throws(LogError) {
            if names.contains("FORMAT") {
                try checkFormat()
            } else {
                guard try topicNames().isEmpty else { throw foreign() }
            }
            try storing { () throws(StorageError) in
                try storage.createFolder(topicsFolder)
                try storage.createFolder(positionsFolder)
                if !names.contains("FORMAT") {
                    try storage.replaceAtomically(formatFile, with: LogFolder.format)
                    try storage.syncFolder(StoragePath.folder(of: path))
                }
            }
        } catch {
            lock.release()
            throw error
        }
        return lock
    }

    func openReadOnly() throws(LogError) -> (any StorageLock)? {
        let names = try storing { () throws(StorageError) in try storage.list(path) }
        guard names.contains("FORMAT") else { throw foreign() }
        try checkFormat()
        return nil
    }

    private func checkFormat() throws(LogError) {
        let bytes = try storing { () throws(StorageError) in try storage.readAll(formatFile, limit: 1024) }
        if bytes == LogFolder.format { return }
        guard bytes.starts(with: "squilla-log ".utf8) else { throw foreign() }
        throw LogError(.unsupportedVersion, "the log in \(path) was written by another version", at: path)
    }

    private func foreign() -> LogError {
        LogError(.foreignFolder, "\(path) holds files, but no log; give an empty folder", at: path)
    }

    private func topicNames() throws(LogError) -> [String] {
        let names = try storing { () throws(StorageError) in try storage.list(path) }
        guard names.contains("topics") else { return [] }
        return try storing { () throws(StorageError) in try storage.list(topicsFolder) }
    }

    /// The topics whose making was finished.
    func topics() throws(LogError) -> [String] {
        var topics: [String] = []
        for name in try topicNames() where LogFolder.isName(name) {
            if try storing({ () throws(StorageError) in try storage.exists(topicFile(name)) }) { topics.append(name) }
        }
        return topics
    }

    /// Makes the folders and writes the topic's file. The topic exists once the file is there.
    func write(_ description: TopicDescription, _ name: String) throws(LogError) {
        try storing { () throws(StorageError) in
            for number in 0..<description.settings.partitions {
                try storage.createFolder(partition(number, of: name))
            }
            try storage.syncFolder(topicsFolder)
            try storage.replaceAtomically(topicFile(name), with: description.encoded())
        }
    }

    static func isName(_ name: String) -> Bool {
        let bytes = name.utf8
        guard (1...200).contains(bytes.count), name.first != "." else { return false }
        return bytes.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "-"):
                true
            default: false
            }
        }
    }

    static func checkName(_ name: String) throws(LogError) {
        guard isName(name) else {
            throw LogError(
                .invalidName, "a topic's name has 1 to 200 of a-z A-Z 0-9 . _ - and does not begin with a dot",
                at: String(name.prefix(200)))
        }
    }
}
