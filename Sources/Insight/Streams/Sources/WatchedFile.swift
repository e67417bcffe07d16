import Bytes

/// How far one file of a watched folder was read, and what tells it from another that took its place: checksums of its
/// first bytes and of those before the place it was read to.
struct WatchedFile {
    /// Of so many bytes at most a checksum is made.
    static let markLimit = 64
    /// A file of a checkpoint that was not looked at yet.
    static let unknownTime = Int64.min

    var path: String
    /// Bytes, as of the last look.
    var size: Int
    /// Nanoseconds since 1970, as of the last look.
    var modified = unknownTime
    /// Where the next line begins.
    private(set) var offset = 0
    /// What is there up to the next line end belongs to a line that was handed on, or that was too long.
    private(set) var isWithinLine = false
    private var head = Mark()
    private var tail = Mark()
    /// When its size changed last: monotonic, microseconds.
    var changed: Int64
    /// When it was in the folder last: monotonic, microseconds.
    var seen: Int64

    private struct Mark: Equatable {
        var bytes = 0
        var checksum: UInt32 = 0

        init() {}

        init(_ bytes: ArraySlice<UInt8>) {
            self.bytes = bytes.count
            checksum = CRC32C.checksum(bytes.span)
        }
    }

    init(path: String, now: Int64) {
        self.path = path
        size = 0
        changed = now
        seen = now
    }

    var unreadBytes: Int { max(0, size - offset) }

    // MARK: In a checkpoint

    private static let offsetBits: Int64 = 1 << 47 - 1

    /// What a checkpoint keeps: the place, and the checksums.
    var saved: (place: Int64, marks: Int64) {
        let lengths = Int64(head.bytes) << 47 | Int64(tail.bytes) << 54
        return (
            Int64(offset) | lengths | (isWithinLine ? 1 << 61 : 0),
            Int64(bitPattern: UInt64(head.checksum) << 32 | UInt64(tail.checksum))
        )
    }

    init(saved: (place: Int64, marks: Int64), now: Int64) {
        self.init(path: "", now: now)
        offset = Int(saved.place & Self.offsetBits)
        isWithinLine = saved.place >> 61 & 1 == 1
        head.bytes = Int(saved.place >> 47 & 0x7f)
        tail.bytes = Int(saved.place >> 54 & 0x7f)
        head.checksum = UInt32(truncatingIfNeeded: saved.marks >> 32)
        tail.checksum = UInt32(truncatingIfNeeded: saved.marks)
    }

    // MARK: Going on

    /// `bytes` that stood at the offset are done with.
    ///
    /// - Parameter withinLine: they end within a line of which nothing more is wanted.
    mutating func advance(over bytes: ArraySlice<UInt8>, withinLine: Bool) {
        if offset == 0 { head = Mark(bytes.prefix(Self.markLimit)) }
        tail = Mark(bytes.suffix(Self.markLimit))
        offset += bytes.count
        isWithinLine = withinLine
    }

    /// It is another file than the one that was read: it begins at its start.
    mutating func beginAnew() {
        offset = 0
        isWithinLine = false
        head = Mark()
        tail = Mark()
    }

    /// Goes to the end of the file without reading it.
    ///
    /// - Parameters:
    ///   - first: the file's first bytes, `markLimit` at most.
    ///   - last: its last bytes, `markLimit` at most.
    mutating func skip(to end: Int, first: [UInt8], last: [UInt8]) {
        head = Mark(first[...])
        tail = Mark(last[...])
        offset = end
        isWithinLine = last.last.map { $0 != UInt8(ascii: "\n") } ?? false
    }

    /// Whether what stands in the file is what was read of it.
    ///
    /// - Parameter read: gives the bytes at a place, as many as asked for where they are there.
    func isTheSame<Failure: Error>(_ read: (_ position: Int, _ count: Int) throws(Failure) -> [UInt8]) throws(Failure)
        -> Bool
    {
        guard offset <= size else { return false }
        if head.bytes > 0, Mark(try read(0, head.bytes)[...]) != head { return false }
        if tail.bytes > 0, Mark(try read(offset - tail.bytes, tail.bytes)[...]) != tail { return false }
        return true
    }
}
