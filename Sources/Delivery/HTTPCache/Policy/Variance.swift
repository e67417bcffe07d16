import Bytes
import HTTPWire

/// The request fields that a stored response was selected by, with their values, in one compact form (RFC 9111 §4.1):
/// for each name a length octet, the lower-cased name, two octets of value length, the value.
enum Variance {
    /// Value length that stands for "the field was absent".
    private static let absent = 0xFFFF

    /// Nil if a name or a value is too long to keep; such a response is not stored.
    static func encode(_ vary: VaryList, _ request: HeaderBlock, _ rules: VaryRules) -> [UInt8]? {
        var out: [UInt8] = []
        var value: [UInt8] = []
        for name in vary.names {
            guard name.count < 256 else { return nil }
            out.append(UInt8(name.count))
            out.append(contentsOf: name)
            let isPresent = normalize(request, name.span, rules, into: &value)
            guard value.count < 4096 else { return nil }
            let length = isPresent ? value.count : absent
            out.append(UInt8(length & 0xFF))
            out.append(UInt8(length >> 8))
            out.append(contentsOf: value)
        }
        return out
    }

    /// Whether a request selects the stored response.
    /// - Parameter ignored: a field that is left out of the comparison.
    static func matches(
        _ variance: Span<UInt8>, _ request: HeaderBlock, _ rules: VaryRules, except ignored: KnownHeader? = nil
    ) -> Bool {
        var index = 0
        var value: [UInt8] = []
        while index < variance.count {
            let (name, stored, next) = element(variance, at: index)
            if let ignored, KnownHeader(name: variance.extracting(name)) == ignored {
                index = next
                continue
            }
            let isPresent = normalize(request, variance.extracting(name), rules, into: &value)
            guard let stored else {
                if isPresent { return false }
                index = next
                continue
            }
            guard isPresent, value.span.isEqual(to: variance.extracting(stored)) else { return false }
            index = next
        }
        return true
    }

    /// The form that a request would have by the names of another one's: to foresee which variant it gets.
    static func encode(like variance: Span<UInt8>, _ request: HeaderBlock, _ rules: VaryRules) -> [UInt8] {
        var out: [UInt8] = []
        var value: [UInt8] = []
        var index = 0
        while index < variance.count {
            let (name, _, next) = element(variance, at: index)
            out.append(variance[index])
            out.append(contentsOf: variance.extracting(name))
            let isPresent = normalize(request, variance.extracting(name), rules, into: &value)
            let length = isPresent ? min(value.count, absent - 1) : absent
            out.append(UInt8(length & 0xFF))
            out.append(UInt8(length >> 8))
            out.append(contentsOf: value)
            index = next
        }
        return out
    }

    /// The value that was selected by; nil if that field was absent, or doesn't count.
    static func value(of name: KnownHeader, in variance: Span<UInt8>) -> [UInt8]? {
        var index = 0
        while index < variance.count {
            let (found, value, next) = element(variance, at: index)
            if KnownHeader(name: variance.extracting(found)) == name {
                return value.map { Array(variance.extracting($0)) }
            }
            index = next
        }
        return nil
    }

    /// Whether all names are among these.
    static func hasOnly(_ names: HeaderSet, in variance: Span<UInt8>) -> Bool {
        var index = 0
        while index < variance.count {
            let (name, _, next) = element(variance, at: index)
            guard names.contains(KnownHeader(name: variance.extracting(name))) else { return false }
            index = next
        }
        return true
    }

    /// Whether bytes from elsewhere can be read.
    static func isSound(_ variance: Span<UInt8>) -> Bool {
        var index = 0
        while index < variance.count {
            let nameEnd = index + 1 + Int(variance[index])
            guard nameEnd + 2 <= variance.count else { return false }
            let length = Int(variance[nameEnd]) | Int(variance[nameEnd + 1]) << 8
            index = nameEnd + 2 + (length == absent ? 0 : length)
        }
        return index == variance.count
    }

    private static func element(
        _ variance: Span<UInt8>, at index: Int
    ) -> (name: Range<Int>, value: Range<Int>?, next: Int) {
        let nameStart = index + 1
        let nameEnd = nameStart + Int(variance[index])
        let length = Int(variance[nameEnd]) | Int(variance[nameEnd + 1]) << 8
        let start = nameEnd + 2
        if length == absent { return (nameStart..<nameEnd, nil, start) }
        return (nameStart..<nameEnd, start..<start + length, start + length)
    }

    /// The same for a field that is known.
    static func normalize(
        _ request: HeaderBlock, _ id: KnownHeader, _ rules: VaryRules, into value: inout [UInt8]
    ) -> Bool {
        normalize(request, id, [UInt8]().span, rules, into: &value)
    }

    /// A request field's value in one spelling: lines joined, blanks around commas dropped; Accept-Encoding and
    /// Accept-Language as the rules have it, or in lower case and in one order, because order without weights means
    /// nothing there.
    /// - Returns: whether the field is there at all.
    private static func normalize(
        _ request: HeaderBlock, _ name: Span<UInt8>, _ rules: VaryRules, into value: inout [UInt8]
    ) -> Bool {
        normalize(request, KnownHeader(name: name), name, rules, into: &value)
    }

    private static func normalize(
        _ request: HeaderBlock, _ id: KnownHeader, _ name: Span<UInt8>, _ rules: VaryRules, into value: inout [UInt8]
    ) -> Bool {
        value.removeAll(keepingCapacity: true)
        if id == .acceptEncoding, rules.encoding == .original {
            value.append(contentsOf: "identity".utf8)
            return true
        }
        let isUnordered = id == .acceptEncoding || id == .acceptLanguage
        guard id == .other || request.contains(id) else { return false }
        if id == .acceptEncoding, rules.encoding == .codings {
            AcceptEncoding.append(taken: request, to: &value)
            return true
        }
        if id == .acceptLanguage, !rules.tags.isEmpty {
            if let found = AcceptLanguage.choose(request, among: rules.tags) {
                value.append(contentsOf: rules.languages[found].utf8)
            } else {
                value.append(0x2A)
            }
            return true
        }
        var isPresent = false
        var elements: [[UInt8]] = []
        for field in request.fields where field.id == id {
            if id == .other, !request.slice(field.name).equalsIgnoringCase(name) { continue }
            isPresent = true
            var list = ListElements(request.slice(field.value))
            while let element = list.next() {
                if isUnordered {
                    elements.append(folded(list.slice(element)))
                } else {
                    if !value.isEmpty { value.append(0x2C) }
                    value.append(contentsOf: list.slice(element))
                }
            }
        }
        if isUnordered {
            elements.sort { $0.span.compare($1.span) < 0 }
            value.append(contentsOf: elements.joined(separator: [0x2C]))
        }
        return isPresent
    }

    /// Lower case, no blanks.
    static func folded(_ bytes: Span<UInt8>) -> [UInt8] {
        var out: [UInt8] = []
        for index in bytes.indices {
            let byte = bytes[index]
            if byte == 0x20 || byte == 0x09 { continue }
            out.append(byte &- 0x41 < 26 ? byte | 0x20 : byte)
        }
        return out
    }
}
