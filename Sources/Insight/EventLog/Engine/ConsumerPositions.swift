import Runtime
import Synchronization

/// How far named consumers have come; one small file each, replaced as a whole.
final class ConsumerPositions: Sendable {
    private static let firstLine = "squilla-positions 1"
    private static let consumersMaximum = 10_000

    private struct Place: Hashable, Comparable {
        let topic: String
        let partition: Int

        static func < (left: Place, right: Place) -> Bool {
            (left.topic, left.partition) < (right.topic, right.partition)
        }
    }

    private let folder: String
    private let storage: any Storage
    private let isReadOnly: Bool
    private let positions: Mutex<[String: [Place: Int64]]>

    init(_ folder: String, _ storage: any Storage, isReadOnly: Bool) throws(LogError) {
        self.folder = folder
        self.storage = storage
        self.isReadOnly = isReadOnly
        var positions: [String: [Place: Int64]] = [:]
        let names = try ConsumerPositions.names(folder, storage)
        for name in names where !name.hasSuffix(".new") {
            guard let consumer = Escaping.unescape(name[...]) else { continue }
            let path = StoragePath.join(folder, name)
            let bytes = try storing { () throws(StorageError) in try storage.readAll(path, limit: TextFile.limitBytes) }
            positions[consumer] = try ConsumerPositions.decode(bytes, path: path)
        }
        self.positions = Mutex(positions)
    }

    /// A log opened for reading may have none yet.
    private static func names(_ folder: String, _ storage: any Storage) throws(LogError) -> [String] {
        do throws(StorageError) {
            return try storage.list(folder)
        } catch {
            if error.code == .notFound { return [] }
            throw LogError(error)
        }
    }

    func position(_ consumer: String, topic: String, partition: Int) -> Int64? {
        positions.withLock { $0[consumer]?[Place(topic: topic, partition: partition)] }
    }

    func commit(_ consumer: String, topic: String, partition: Int, offset: Int64) throws(LogError) {
        guard (1...100).contains(consumer.utf8.count), consumer.first != "." else {
            throw LogError(
                .invalidName, "a consumer's name has 1 to 100 bytes and does not begin with a dot", at: consumer)
        }
        if isReadOnly { throw LogError(.readOnly, "the log is open for reading only", at: folder) }
        try LogFolder.checkName(topic)
        // The lock is held over the writing, so that files are replaced in the order of the calls.
        var failure: LogError?
        positions.withLock { positions in
            guard positions[consumer] != nil || positions.count < ConsumerPositions.consumersMaximum else {
                failure = LogError(.invalidSetting, "there are too many consumers", at: consumer)
                return
            }
            var places = positions[consumer] ?? [:]
            places[Place(topic: topic, partition: partition)] = offset
            let path = StoragePath.join(folder, Escaping.escape(consumer))
            do throws(StorageError) {
                try storage.replaceAtomically(path, with: ConsumerPositions.encode(places))
                positions[consumer] = places
            } catch {
                failure = LogError(error)
            }
        }
        if let failure { throw failure }
    }

    private static func encode(_ places: [Place: Int64]) -> [UInt8] {
        let lines = places.sorted { $0.key < $1.key }.map { place, offset in
            "\(place.topic) \(place.partition) \(offset)"
        }
        return TextFile.encode([firstLine] + lines)
    }

    private static func decode(_ bytes: [UInt8], path: String) throws(LogError) -> [Place: Int64] {
        let lines = try TextFile.decode(bytes, path: path)
        guard lines.first == ["squilla-positions", "1"] else {
            throw LogError(.unsupportedVersion, "\(path) is of an unknown version", at: path)
        }
        var places: [Place: Int64] = [:]
        for line in lines.dropFirst() {
            guard line.count == 3, let partition = Int(line[1]), let offset = Int64(line[2]) else {
                throw TextFile.corrupt(path, "has a line that says nothing")
            }
            places[Place(topic: String(line[0]), partition: partition)] = offset
        }
        return places
    }
}
