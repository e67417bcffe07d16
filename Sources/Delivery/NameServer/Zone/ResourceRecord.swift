/// A record without its owner.
public struct ResourceRecord: Hashable, Sendable {
    enum Data: Hashable, Sendable {
        case bytes([UInt8])
        /// What comes before a name, such as a preference, and the name.
        case name(prefix: [UInt8], DomainName)
        case authority(Authority)
    }

    /// Of a SOA record (RFC 1035, 3.3.13).
    struct Authority: Hashable, Sendable {
        var primary: DomainName
        var mailbox: DomainName
        /// Serial, refresh, retry, expire, minimum.
        var numbers: [UInt32]
    }

    var type: RecordType
    var timeToLiveSeconds: UInt32
    var data: Data

    init(_ type: RecordType, timeToLiveSeconds: UInt32, _ data: Data) {
        self.type = type
        self.timeToLiveSeconds = timeToLiveSeconds
        self.data = data
    }

    /// The types that a zone's text may name.
    static let readable: [String: RecordType] = [
        "A": .a, "AAAA": .aaaa, "CNAME": .cname, "NS": .ns, "MX": .mx, "TXT": .txt, "SRV": .srv, "CAA": .caa,
        "PTR": .ptr,
    ]

    /// The record that a zone's text names.
    /// - Parameter origin: of names without a dot at their end.
    /// - Throws: `ZoneError` that says what is expected.
    public init(type text: String, value: String, timeToLiveSeconds: UInt32, origin: DomainName) throws(ZoneError) {
        guard let type = Self.readable[text.uppercased()] else {
            let names = Self.readable.keys.sorted().joined(separator: ", ")
            throw ZoneError("unknown type \(text); known are \(names)")
        }
        let words = value.split(separator: " ", omittingEmptySubsequences: true).map(String.init)
        switch type {
        case .a, .aaaa:
            guard let address = NumericAddress(value), address.isIPv4 == (type == .a) else {
                throw ZoneError("expected an \(type == .a ? "IPv4" : "IPv6") address, found \"\(value)\"")
            }
            data = .bytes(address.bytes)
        case .txt: data = .bytes(try Self.text(value))
        case .mx: data = try Self.target(words, numbers: 1, origin, "10 mail.example.org.")
        case .srv: data = try Self.target(words, numbers: 3, origin, "0 5 5060 sip.example.org.")
        case .caa: data = .bytes(try Self.authorization(value))
        default: data = try Self.target(words, numbers: 0, origin, "host.example.org.")
        }
        self.type = type
        self.timeToLiveSeconds = timeToLiveSeconds
    }

    private static func target(
        _ words: [String], numbers: Int, _ origin: DomainName, _ example: String
    ) throws(ZoneError) -> Data {
        let values = words.prefix(numbers).compactMap { UInt16($0) }
        guard words.count == numbers + 1, values.count == numbers, let name = DomainName(words[numbers], in: origin)
        else { throw ZoneError("expected a value such as \"\(example)\", found \"\(words.joined(separator: " "))\"") }
        return .name(prefix: values.flatMap { [UInt8($0 >> 8), UInt8($0 & 0xFF)] }, name)
    }

    /// Strings of at most 255 bytes each (RFC 1035, 3.3.14).
    private static func text(_ value: String) throws(ZoneError) -> [UInt8] {
        guard value.utf8.count <= 4096 else { throw ZoneError("a TXT record has at most 4096 bytes") }
        var rest = Array(value.utf8)[...]
        var out: [UInt8] = []
        repeat {
            let part = rest.prefix(255)
            out.append(UInt8(part.count))
            out += part
            rest = rest.dropFirst(part.count)
        } while !rest.isEmpty
        return out
    }

    /// RFC 8659, 4.1.
    private static func authorization(_ value: String) throws(ZoneError) -> [UInt8] {
        let words = value.split(separator: " ", maxSplits: 2).map(String.init)
        guard words.count == 3, let flags = UInt8(words[0]), (1...15).contains(words[1].utf8.count) else {
            throw ZoneError("expected a value such as \"0 issue letsencrypt.org\", found \"\(value)\"")
        }
        let text = words[2].trimming("\"")
        return [flags, UInt8(words[1].utf8.count)] + Array(words[1].utf8) + Array(text.utf8)
    }
}

extension String {
    fileprivate func trimming(_ mark: Character) -> String {
        guard count >= 2, first == mark, last == mark else { return self }
        return String(dropFirst().dropLast())
    }
}

/// What is wrong with a zone, for its author.
public struct ZoneError: Error, Hashable, Sendable, CustomStringConvertible {
    public let description: String

    init(_ description: String) { self.description = description }
}
