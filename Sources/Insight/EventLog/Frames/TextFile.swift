import Bytes
import Runtime

/// The log's small text files: lines of tokens, the last line `crc32c` with the checksum of all before it.
enum TextFile {
    static let limitBytes = 4 << 20

    static func encode(_ lines: [String]) -> [UInt8] {
        var output = Array((lines.joined(separator: "\n") + "\n").utf8)
        let checksum = CRC32C.checksum(output.span)
        output.append(contentsOf: "crc32c \(String(checksum, radix: 16))\n".utf8)
        return output
    }

    /// The lines, each split at spaces.
    static func decode(_ bytes: [UInt8], path: String) throws(LogError) -> [[Substring]] {
        guard let text = String(validating: bytes, as: UTF8.self) else { throw corrupt(path, "is not UTF-8") }
        var lines = text.split(separator: "\n", omittingEmptySubsequences: true)
        guard let last = lines.popLast(), last.hasPrefix("crc32c "),
            let checksum = UInt32(last.dropFirst(7), radix: 16)
        else { throw corrupt(path, "has no checksum at its end") }
        let covered = bytes.count - last.utf8.count - 1
        guard covered >= 0, CRC32C.checksum(bytes.span.extracting(0..<covered)) == checksum else {
            throw corrupt(path, "does not fit its checksum")
        }
        return lines.map { $0.split(separator: " ") }
    }

    static func corrupt(_ path: String, _ what: String) -> LogError {
        LogError(.corrupt, "\(path) \(what)", at: path)
    }
}
