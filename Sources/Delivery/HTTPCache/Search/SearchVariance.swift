import Bytes
import HTTPWire

/// Which differences between queries a response says don't matter: `No-Vary-Search` (WICG, "No-Vary-Search", section 4.1;
/// draft-ietf-httpbis-no-vary-search).
struct SearchVariance: Sendable, Equatable {
    enum Names: Sendable, Equatable {
        /// All parameters matter but these.
        case allBut(Set<[UInt8]>)
        /// These alone matter.
        case only(Set<[UInt8]>)
    }

    let names: Names
    let ignoresOrder: Bool

    /// Of one rule; a field with more counts as absent.
    static let maximumNames = 256
    private static let fieldName = Array("no-vary-search".utf8)

    /// Nil where every difference matters: no such field, or one that is malformed, or says so itself.
    init?(_ block: HeaderBlock) {
        var text: [UInt8] = []
        for field in block.fields
        where field.id == .other && block.slice(field.name).equalsIgnoringCase(SearchVariance.fieldName.span) {
            if !text.isEmpty { text.append(contentsOf: [0x2C, 0x20]) }
            text.append(contentsOf: block.slice(field.value))
        }
        guard !text.isEmpty, let dictionary = StructuredDictionary(text) else { return nil }
        var order = false
        var names = Names.allBut([])
        var exceptions: [[UInt8]]?
        for (key, value) in dictionary.members {
            switch String(decoding: key, as: UTF8.self) {
            case "key-order":
                guard case .boolean(let ignored) = value else { return nil }
                order = ignored
            case "params":
                switch value {
                case .boolean(let all): names = all ? .only([]) : .allBut([])
                case .strings(let list): names = .allBut(Set(list.map(FormParameters.decoded)))
                default: return nil
                }
            case "except":
                guard case .strings(let list) = value else { return nil }
                exceptions = list
            default: continue
            }
        }
        if let exceptions {
            guard case .only = names else { return nil }
            names = .only(Set(exceptions.map(FormParameters.decoded)))
        }
        guard order || names != .allBut([]) else { return nil }
        switch names {
        case .allBut(let list), .only(let list): guard list.count <= SearchVariance.maximumNames else { return nil }
        }
        self.names = names
        ignoresOrder = order
    }

    private func matters(_ name: [UInt8]) -> Bool {
        switch names {
        case .allBut(let ignored): !ignored.contains(name)
        case .only(let counted): counted.contains(name)
        }
    }

    /// One spelling for all queries that mean the same.
    func unified(_ query: Span<UInt8>) -> [UInt8] {
        var parameters = FormParameters.parse(query).filter { matters($0.name) }
        if ignoresOrder {
            parameters = parameters.enumerated().sorted {
                $0.element.name == $1.element.name
                    ? $0.offset < $1.offset : $0.element.name.lexicographicallyPrecedes($1.element.name)
            }.map(\.element)
        }
        var out: [UInt8] = []
        for (name, value) in parameters {
            out.append(out.isEmpty ? 0x3F : 0x26)
            FormParameters.append(name, to: &out)
            out.append(0x3D)
            FormParameters.append(value, to: &out)
        }
        return out
    }

    /// Tells this rule from others, also after a restart.
    var identity: UInt64 {
        var text: [UInt8] = [ignoresOrder ? 1 : 0]
        let list: Set<[UInt8]>
        switch names {
        case .allBut(let names): list = names
        case .only(let names):
            list = names
            text.append(2)
        }
        for name in list.sorted(by: { $0.lexicographicallyPrecedes($1) }) {
            text.append(0x26)
            FormParameters.append(name, to: &text)
        }
        return SipHash.tags.hash(text.span)
    }
}

/// `application/x-www-form-urlencoded` (URL Standard, section 5), over bytes.
enum FormParameters {
    static func parse(_ query: Span<UInt8>) -> [(name: [UInt8], value: [UInt8])] {
        [UInt8](query).split(separator: 0x26).map { part in
            let name = part.prefix { $0 != 0x3D }
            return (decoded(Array(name)), decoded(Array(part.dropFirst(name.count + 1))))
        }
    }

    /// A plus is a blank; a percent sign without two digits is itself.
    static func decoded(_ text: [UInt8]) -> [UInt8] {
        guard text.contains(where: { $0 == 0x25 || $0 == 0x2B }) else { return text }
        var out: [UInt8] = []
        var index = 0
        while index < text.count {
            if text[index] == 0x25, index + 2 < text.count, let high = digit(text[index + 1]),
                let low = digit(text[index + 2])
            {
                out.append(high << 4 | low)
                index += 3
            } else {
                out.append(text[index] == 0x2B ? 0x20 : text[index])
                index += 1
            }
        }
        return out
    }

    /// Everything but letters, digits and `-._~` by percent signs.
    static func append(_ text: [UInt8], to out: inout [UInt8]) {
        let digits = Array("0123456789ABCDEF".utf8)
        for byte in text {
            if byte &- 0x30 < 10 || (byte | 0x20) &- 0x61 < 26 || [0x2D, 0x2E, 0x5F, 0x7E].contains(byte) {
                out.append(byte)
            } else {
                out.append(contentsOf: [0x25, digits[Int(byte >> 4)], digits[Int(byte & 15)]])
            }
        }
    }

    private static func digit(_ byte: UInt8) -> UInt8? {
        if byte &- 0x30 < 10 { return byte &- 0x30 }
        let letter = (byte | 0x20) &- 0x61
        return letter < 6 ? letter + 10 : nil
    }
}
