import Runtime

/// A cluster's files.
///
///     clusters/NAME/versions/N.sql   its text, the latest version last
///     clusters/NAME/status           "enabled" or "disabled"
///     clusters/NAME/origin           "files" or "network": whether the text may name files and any host
///     clusters/NAME/next             the number of its next job
struct ClusterFolder: Sendable {
    static let keptVersions = 20

    let path: String
    let storage: any Storage

    func create() throws(StorageError) { try storage.createFolder(versionFolder) }

    /// Ascending.
    func versions() throws(StorageError) -> [Int] {
        try storage.list(versionFolder).compactMap { $0.hasSuffix(".sql") ? Int($0.dropLast(4)) : nil }.sorted()
    }

    func readText(version: Int) throws(StorageError) -> String {
        String(decoding: try storage.readAll(file(version), limit: JobFolder.textLimitBytes), as: UTF8.self)
    }

    /// Keeps the text as a version, and the last versions before it.
    func write(_ text: String, version: Int) throws(StorageError) {
        try storage.replaceAtomically(file(version), with: Array(text.utf8))
        for old in try versions() where old <= version - Self.keptVersions { try storage.remove(file(old)) }
    }

    func value(_ name: String) -> String? {
        (try? storage.readAll(StoragePath.join(path, name), limit: 64)).map { String(decoding: $0, as: UTF8.self) }
    }

    func set(_ name: String, _ value: String) throws(StorageError) {
        try storage.replaceAtomically(StoragePath.join(path, name), with: Array(value.utf8))
    }

    func remove() throws(StorageError) {
        for name in try storage.list(versionFolder) { try storage.remove(StoragePath.join(versionFolder, name)) }
        try storage.remove(versionFolder)
        for name in try storage.list(path) { try storage.remove(StoragePath.join(path, name)) }
        try storage.remove(path)
    }

    private var versionFolder: String { StoragePath.join(path, "versions") }
    private func file(_ version: Int) -> String { StoragePath.join(versionFolder, "\(version).sql") }
}
