import Bytes

/// The purges that objects on disk are held against when they are read: an object is older than a purge if its number
/// is smaller. A value; its owner writes it to disk.
struct PurgeJournal {
    enum Target: Equatable {
        case everything
        case tag(UInt64)
        /// Of a key, by the folder's own function.
        case key(UInt64)
        case prefix([UInt8])
    }

    struct Entry: Equatable {
        var target: Target
        var isSoft: Bool
        var sequence: UInt64
        /// Seconds.
        var second: Int64
    }

    private struct Mark {
        var gone: UInt64 = 0
        var stale: UInt64 = 0
        var staleSecond: Int64 = 0

        mutating func note(_ entry: Entry) {
            if entry.isSoft {
                stale = max(stale, entry.sequence)
                staleSecond = entry.second
            } else {
                gone = max(gone, entry.sequence)
            }
        }

        func verdict(_ sequence: UInt64) -> PurgeLedger.Verdict {
            if sequence < gone { return .gone }
            return sequence < stale ? .stale(staleSecond) : .stays
        }
    }

    private var everything = Mark()
    private var tags: [UInt64: Mark] = [:]
    private var keys: [UInt64: Mark] = [:]
    private var prefixes: [(bytes: [UInt8], mark: Mark)] = []

    var count: Int { tags.count + keys.count + prefixes.count + 1 }

    mutating func note(_ entry: Entry) {
        switch entry.target {
        case .everything: everything.note(entry)
        case .tag(let tag): tags[tag, default: Mark()].note(entry)
        case .key(let key): keys[key, default: Mark()].note(entry)
        case .prefix(let bytes):
            let place = prefixes.firstIndex { $0.bytes == bytes } ?? prefixes.count
            if place == prefixes.count { prefixes.append((bytes, Mark())) }
            prefixes[place].mark.note(entry)
        }
    }

    /// What the purges make of an object.
    func verdict(_ object: CachedObject, _ record: DiskRecord) -> PurgeLedger.Verdict {
        var verdict = everything.verdict(record.sequence)
        if verdict == .gone { return .gone }
        func add(_ other: PurgeLedger.Verdict) { if other != .stays { verdict = other } }
        if let mark = keys[record.hash] { add(mark.verdict(record.sequence)) }
        if verdict == .gone { return .gone }
        for index in 0..<object.tagCount {
            guard let mark = tags[object.tag(index)] else { continue }
            add(mark.verdict(record.sequence))
            if verdict == .gone { return .gone }
        }
        for prefix in prefixes where object.hasKey(prefix: prefix.bytes.span) {
            add(prefix.mark.verdict(record.sequence))
            if verdict == .gone { return .gone }
        }
        return verdict
    }

    /// Forgets what is older than everything on disk.
    mutating func forget(before sequence: UInt64) {
        func isOld(_ mark: Mark) -> Bool { mark.gone <= sequence && mark.stale <= sequence }
        tags = tags.filter { !isOld($0.value) }
        keys = keys.filter { !isOld($0.value) }
        prefixes.removeAll { isOld($0.mark) }
    }

    /// As few entries as say the same.
    var entries: [Entry] {
        var out: [Entry] = []
        func add(_ target: Target, _ mark: Mark) {
            if mark.gone > 0 { out.append(Entry(target: target, isSoft: false, sequence: mark.gone, second: 0)) }
            if mark.stale > 0 {
                out.append(Entry(target: target, isSoft: true, sequence: mark.stale, second: mark.staleSecond))
            }
        }
        add(.everything, everything)
        for (tag, mark) in tags { add(.tag(tag), mark) }
        for (key, mark) in keys { add(.key(key), mark) }
        for prefix in prefixes { add(.prefix(prefix.bytes), prefix.mark) }
        return out
    }
}

/// On disk an entry is a head of 36 bytes with a checksum over itself and the prefix that may follow.
extension PurgeJournal.Entry {
    private static let magic: UInt16 = 0x5051
    private static let headBytes = 36

    func append(to bytes: inout [UInt8]) {
        var entry: [UInt8] = []
        entry.append(little: PurgeJournal.Entry.magic)
        var number: UInt64 = 0
        var text: [UInt8] = []
        switch target {
        case .everything: entry.append(0)
        case .tag(let tag):
            entry.append(1)
            number = tag
        case .key(let key):
            entry.append(2)
            number = key
        case .prefix(let prefix):
            entry.append(3)
            text = prefix
        }
        entry.append(isSoft ? 1 : 0)
        entry.append(little: number)
        entry.append(little: sequence)
        entry.append(little: second)
        entry.append(little: UInt32(text.count))
        entry.append(contentsOf: text)
        var sum: [UInt8] = []
        sum.append(little: CRC32C.checksum(entry.span))
        entry.insert(contentsOf: sum, at: 32)
        bytes.append(contentsOf: entry)
    }

    /// Reads the entry at a position and moves behind it. Nil where there is none, or a damaged one.
    static func read(_ bytes: [UInt8], at position: inout Int) -> PurgeJournal.Entry? {
        let start = position
        guard start + headBytes <= bytes.count, bytes.number(UInt16.self, at: start) == magic else { return nil }
        let length = Int(bytes.number(UInt32.self, at: start + 28))
        guard start + headBytes + length <= bytes.count else { return nil }
        let text = bytes[start + headBytes..<start + headBytes + length]
        let sum = CRC32C.extend(CRC32C.checksum(bytes.span.extracting(start..<start + 32)), with: text.span)
        guard sum == bytes.number(UInt32.self, at: start + 32) else { return nil }
        let number = bytes.number(UInt64.self, at: start + 4)
        let target: PurgeJournal.Target
        switch bytes[start + 2] {
        case 0: target = .everything
        case 1: target = .tag(number)
        case 2: target = .key(number)
        case 3: target = .prefix(Array(text))
        default: return nil
        }
        position = start + headBytes + length
        return PurgeJournal.Entry(
            target: target, isSoft: bytes[start + 3] == 1, sequence: bytes.number(UInt64.self, at: start + 12),
            second: bytes.number(Int64.self, at: start + 20))
    }
}
