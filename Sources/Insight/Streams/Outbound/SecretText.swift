/// Takes what lets somebody in out of a text before it is shown: the values of options such as
/// `'http.header.Authorization' = '…'`.
enum SecretText {
    /// Parts of the names of options that hold secrets; Flink's, and those of HTTP.
    private static let marks = [
        "password", "passwd", "secret", "token", "apikey", "api-key", "api_key", "auth", "cookie", "credential",
        "access-key", "service-key", "private-key",
    ]
    private static let harmlessHeaders: Set<String> = ["accept", "content-type", "user-agent"]
    static let mask = "******"

    static func isSecret(option: String) -> Bool {
        let name = option.lowercased()
        if name.hasPrefix("http.header.") { return !harmlessHeaders.contains(String(name.dropFirst(12))) }
        return marks.contains { name.contains($0) }
    }

    /// `text` with the secrets masked; comments and everything else as they are.
    static func hidden(in text: String) -> String {
        let bytes = Array(text.utf8)
        var out: [UInt8] = []
        var index = 0
        /// The last text in quotes, where only blanks, comments and `=` have followed it.
        var option: String?
        while index < bytes.count {
            let end = Self.end(of: bytes, at: index)
            let token = bytes[index..<end]
            switch bytes[index] {
            case UInt8(ascii: "'"):
                if let name = option, isSecret(option: name) {
                    out += Array("'\(mask)'".utf8)
                    option = nil
                } else {
                    out += token
                    option = String(decoding: token.dropFirst().dropLast(), as: UTF8.self)
                }
            case UInt8(ascii: "="), UInt8(ascii: " "), UInt8(ascii: "\n"), UInt8(ascii: "\t"), UInt8(ascii: "\r"):
                out += token
            case UInt8(ascii: "-") where token.count > 1, UInt8(ascii: "/") where token.count > 1: out += token
            default:
                out += token
                option = nil
            }
            index = end
        }
        return String(decoding: out, as: UTF8.self)
    }

    /// The end of what begins here: a text in quotes, a comment, or a byte.
    static func end(of bytes: [UInt8], at start: Int) -> Int {
        let first = bytes[start]
        let second = start + 1 < bytes.count ? bytes[start + 1] : 0
        var index = start + 1
        switch (first, second) {
        case (UInt8(ascii: "'"), _), (UInt8(ascii: "`"), _), (UInt8(ascii: "\""), _):
            while index < bytes.count {
                if bytes[index] == first {
                    guard index + 1 < bytes.count, bytes[index + 1] == first else { return index + 1 }
                    index += 1
                }
                index += 1
            }
        case (UInt8(ascii: "-"), UInt8(ascii: "-")):
            while index < bytes.count, bytes[index] != UInt8(ascii: "\n") { index += 1 }
            return index
        case (UInt8(ascii: "/"), UInt8(ascii: "*")):
            index += 1
            while index < bytes.count {
                if bytes[index] == UInt8(ascii: "*"), index + 1 < bytes.count, bytes[index + 1] == UInt8(ascii: "/") {
                    return index + 2
                }
                index += 1
            }
        default: return start + 1
        }
        return bytes.count
    }
}
