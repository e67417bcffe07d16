import SQL

/// Puts values in the places of `${name}` in a job's text.
enum JobParameters {
    static let maximumNameBytes = 128

    static func isValidName(_ name: String) -> Bool {
        (1...maximumNameBytes).contains(name.utf8.count)
            && name.utf8.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                    UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "-"), UInt8(ascii: "."):
                    true
                default: false
                }
            }
    }

    /// The text with its parameters filled in: with what is given, else with the defaults that it declares.
    ///
    /// Within quotes a value stands as it is, its quotes doubled; outside it must be a number, a word or a dotted name, so
    /// that it can't become another statement. Comments are left alone.
    ///
    /// - Throws: `invalid_query` for a parameter without a value, a value for none, and one that can't stand there.
    static func filled(_ text: String, _ given: [String: String]) throws(SQLError) -> String {
        let tokens = SQLTokens(text)
        let defaults = tokens.settings(beginning: "job.parameter.")
        if let stranger = given.keys.sorted().first(where: { defaults[$0] == nil && !tokens.names.contains($0) }) {
            throw SQLError(
                code: .invalidQuery, message: "the job has no parameter '\(stranger)'",
                suggestion: defaults.isEmpty ? nil : "there are \(defaults.keys.sorted().joined(separator: ", "))")
        }
        var out: [UInt8] = []
        for token in tokens.all {
            guard token.kind != .comment, token.mayHoldName else {
                out += token.bytes
                continue
            }
            try fill(token, given: given, defaults: defaults, into: &out)
        }
        return String(decoding: out, as: UTF8.self)
    }

    private static func fill(
        _ token: SQLTokens.Token, given: [String: String], defaults: [String: String], into out: inout [UInt8]
    ) throws(SQLError) {
        var index = token.bytes.startIndex
        while index < token.bytes.endIndex {
            guard let (name, end) = SQLTokens.name(token.bytes, at: index) else {
                out.append(token.bytes[index])
                index += 1
                continue
            }
            guard let value = given[name] ?? defaults[name] else {
                throw SQLError(
                    code: .invalidQuery, message: "parameter ${\(name)} has no value",
                    suggestion: "give one, or write SET 'job.parameter.\(name)' = '…'")
            }
            switch token.kind {
            case .quoted(let quote):
                for byte in value.utf8 {
                    if byte == quote { out.append(byte) }
                    out.append(byte)
                }
            case .bare, .comment:
                guard isPlain(value) else {
                    throw SQLError(
                        code: .invalidQuery,
                        message: "the value of ${\(name)} can't stand outside of quotes: '\(value)'",
                        suggestion: "a number, a word or a dotted name can; write '${\(name)}' for a text")
                }
                // Two signs begin a comment, which would take in what is behind it.
                if value.hasPrefix("-"), out.last == UInt8(ascii: "-") { out.append(UInt8(ascii: " ")) }
                out += value.utf8
            }
            index = end
        }
    }

    /// A number, a word, or words with dots, with a sign before.
    private static func isPlain(_ value: String) -> Bool {
        var bytes = Array(value.utf8)[...]
        if bytes.first == UInt8(ascii: "-") { bytes = bytes.dropFirst() }
        guard let first = bytes.first, first != UInt8(ascii: "."), value.utf8.count <= 256 else { return false }
        return isValidName(String(decoding: bytes, as: UTF8.self)) && !bytes.contains(UInt8(ascii: "-"))
    }
}

/// A job's text taken apart as far as quotes and comments go, before it is SQL: places of parameters are none yet.
struct SQLTokens {
    enum Kind: Equatable {
        case bare
        /// With its quotes.
        case quoted(UInt8)
        case comment
    }

    struct Token {
        let kind: Kind
        let bytes: ArraySlice<UInt8>

        var mayHoldName: Bool { bytes.contains(UInt8(ascii: "$")) }

        /// The text in the quotes.
        var content: String {
            guard case .quoted(let quote) = kind, bytes.count >= 2 else { return "" }
            let doubled = String(decoding: [quote, quote], as: UTF8.self)
            return String(decoding: bytes.dropFirst().dropLast(), as: UTF8.self)
                .replacing(doubled, with: String(decoding: [quote], as: UTF8.self))
        }
    }

    private(set) var all: [Token] = []
    /// Of the parameters that occur.
    private(set) var names: Set<String> = []

    init(_ text: String) {
        let bytes = Array(text.utf8)
        var start = 0
        var index = 0
        func flush(to end: Int) {
            if start < end { all.append(Token(kind: .bare, bytes: bytes[start..<end])) }
        }
        while index < bytes.count {
            let end = SecretText.end(of: bytes, at: index)
            guard end > index + 1 || Self.isQuote(bytes[index]) else {
                index = end
                continue
            }
            flush(to: index)
            let kind = Self.isQuote(bytes[index]) ? Kind.quoted(bytes[index]) : .comment
            all.append(Token(kind: kind, bytes: bytes[index..<end]))
            index = end
            start = end
        }
        flush(to: bytes.count)
        for token in all where token.kind != .comment {
            for place in token.bytes.indices {
                if let (name, _) = Self.name(token.bytes, at: place) { names.insert(name) }
            }
        }
    }

    /// What `SET 'PREFIX…' = 'value'` says, by the rest of the name.
    func settings(beginning prefix: String) -> [String: String] {
        var found: [String: String] = [:]
        let tokens = all.filter { $0.kind != .comment }
        for (index, token) in tokens.enumerated() where token.kind == .quoted(UInt8(ascii: "'")) {
            let name = token.content
            guard name.hasPrefix(prefix), index > 0, Self.endsInSet(tokens[index - 1]), index + 2 < tokens.count,
                Self.isEqual(tokens[index + 1]),
                tokens[index + 2].kind == .quoted(UInt8(ascii: "'"))
            else { continue }
            found[String(name.dropFirst(prefix.count))] = tokens[index + 2].content
        }
        return found
    }

    /// The name in `${name}` at a place, and the place behind it. A brace farther away than a name is long closes none: a
    /// text of nothing but `${` would be read to its end for each of them.
    static func name(_ bytes: ArraySlice<UInt8>, at index: Int) -> (String, Int)? {
        guard bytes[index] == UInt8(ascii: "$"), index + 2 < bytes.endIndex, bytes[index + 1] == UInt8(ascii: "{"),
            let close = bytes[(index + 2)...].prefix(JobParameters.maximumNameBytes + 1).firstIndex(
                of: UInt8(ascii: "}"))
        else { return nil }
        let name = String(decoding: bytes[(index + 2)..<close], as: UTF8.self)
        return JobParameters.isValidName(name) ? (name, close + 1) : nil
    }

    private static func isQuote(_ byte: UInt8) -> Bool {
        byte == UInt8(ascii: "'") || byte == UInt8(ascii: "`") || byte == UInt8(ascii: "\"")
    }

    private static func endsInSet(_ token: Token) -> Bool {
        guard token.kind == .bare else { return false }
        let words = String(decoding: token.bytes, as: UTF8.self).split(whereSeparator: \.isWhitespace)
        return words.last?.uppercased() == "SET" || words.last?.uppercased().hasSuffix(";SET") ?? false
    }

    private static func isEqual(_ token: Token) -> Bool {
        token.kind == .bare && token.bytes.filter { $0 > 0x20 } == [UInt8(ascii: "=")]
    }
}
