import Bytes
import Runtime

/// Reads the requests of an access log, in the combined or the common format, line by line.
///
/// The columnar reader is for queries; a replay wants one request at a time and no more than the line it is in.
final class AccessLogSource: ReplaySource, @unchecked Sendable {
    // Confined by the replay's lock: one thread at a time calls `next`.

    /// A longer line is a bad one.
    private static let lineBytesMost = 64 << 10
    private static let readBytes = 256 << 10

    private let file: SequentialFile
    private var buffer = [UInt8](repeating: 0, count: readBytes)
    private var unread = 0..<0
    private var hasEnded = false
    private(set) var badLines = 0

    /// - Parameter path: `-` is standard input.
    /// - Throws: `StorageError` when the file cannot be opened.
    init(path: String) throws {
        file = try SequentialFile(path: path)
    }

    func next() throws -> ReplayEntry? {
        while let line = try nextLine() {
            if let entry = ReplayEntry(accessLogLine: line) { return entry }
            badLines += 1
        }
        return nil
    }

    /// The next line that is not empty, without its end.
    private func nextLine() throws -> [UInt8]? {
        var line: [UInt8] = []
        var isTooLong = false
        while true {
            if unread.isEmpty {
                if !hasEnded { unread = 0..<(try file.read(into: &buffer, 0..<buffer.count)) }
                if unread.isEmpty {
                    hasEnded = true
                    return line.isEmpty || isTooLong ? nil : line
                }
            }
            let end = buffer[unread].firstIndex(of: 0x0A)
            let piece = unread.lowerBound..<(end ?? unread.upperBound)
            unread = (end.map { $0 + 1 } ?? unread.upperBound)..<unread.upperBound
            if line.count + piece.count > Self.lineBytesMost { isTooLong = true } else { line += buffer[piece] }
            guard end != nil else { continue }
            if isTooLong {
                badLines += 1
                isTooLong = false
                line = []
            }
            if line.last == 0x0D { line.removeLast() }
            if !line.isEmpty { return line }
        }
    }
}

extension ReplayEntry {
    /// `client ident user [time] "request" status bytes "referrer" "user agent"`; the last two may be missing.
    /// Nil where the line is not of that form or its request is none.
    init?(accessLogLine line: [UInt8]) {
        var scanner = AccessLogScanner(line: line)
        guard let client = scanner.word(), scanner.word() != nil, let time = scanner.time(),
            let request = scanner.quoted()
        else {
            return nil
        }
        let parts = request.split(separator: " ", maxSplits: 1, omittingEmptySubsequences: false)
        guard parts.count == 2 else { return nil }
        var target = parts[1]
        // The version is last; a target may hold spaces of its own where a client sent them.
        guard let space = target.lastIndex(of: " "), target[space...].hasPrefix(" HTTP/") else { return nil }
        target = target[..<space]
        guard scanner.word() != nil, scanner.word() != nil else { return nil }
        let hasAgent = !scanner.isAtEnd
        let (referrer, userAgent) = hasAgent ? (scanner.quoted(), scanner.quoted()) : (nil, nil)
        guard !hasAgent || userAgent != nil else { return nil }
        self.init(
            timestamp: time, method: String(parts[0]), target: String(target), client: client, referrer: referrer,
            userAgent: userAgent)
    }
}

/// Takes an access log's line apart from left to right.
private struct AccessLogScanner {
    let line: [UInt8]
    var position = 0

    init(line: [UInt8]) { self.line = line }

    /// Nothing but space is left.
    var isAtEnd: Bool { line[position...].allSatisfy { $0 == 0x20 } }

    mutating func word() -> String? {
        skipSpace()
        let start = position
        while position < line.count, line[position] != 0x20 { position += 1 }
        return position > start ? String(decoding: line[start..<position], as: UTF8.self) : nil
    }

    /// The first bracket; a user's name before it may hold spaces.
    mutating func time() -> Int64? {
        guard let open = line[position...].firstIndex(of: UInt8(ascii: "[")),
            let close = line[open...].firstIndex(of: UInt8(ascii: "]"))
        else { return nil }
        position = close + 1
        let text = Array(line[(open + 1)..<close])
        return TimeParser.commonLog(text.span)
    }

    /// A text in quotes, with the escapes of Apache and nginx undone: `\"`, `\\`, `\xHH`, `\t`.
    mutating func quoted() -> String? {
        skipSpace()
        guard position < line.count, line[position] == UInt8(ascii: "\"") else { return nil }
        position += 1
        var text: [UInt8] = []
        while position < line.count {
            let byte = line[position]
            position += 1
            if byte == UInt8(ascii: "\"") { return String(decoding: text, as: UTF8.self) }
            text.append(byte == UInt8(ascii: "\\") && position < line.count ? escaped() : byte)
        }
        return nil
    }

    private mutating func escaped() -> UInt8 {
        let byte = line[position]
        position += 1
        switch byte {
        case UInt8(ascii: "t"): return 0x09
        case UInt8(ascii: "x"):
            guard position + 2 <= line.count,
                let value = UInt8(String(decoding: line[position..<position + 2], as: UTF8.self), radix: 16)
            else { return byte }
            position += 2
            return value
        default: return byte
        }
    }

    private mutating func skipSpace() {
        while position < line.count, line[position] == 0x20 { position += 1 }
    }
}
