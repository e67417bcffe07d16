import Bytes
import HTTPWire

/// The request fields that a stored response was selected by, with their values, in one compact form (RFC 9111 §4.1):
/// for each name a length octet, the lower-cased name, two octets of value length, the value.
enum Variance {
    /// Value length that stands for "the field was absent".
    private static let absent = 0xFFFF

    /// Nil if a name or a value is too long to keep; such a response is not stored.
    static func encode(_ vary: VaryList, _ request: HeaderBlock) -> [UInt8]? {
        var out: [UInt8] = []
        var value: [UInt8] = []
        for name in vary.names {
            guard name.count < 256 else { return nil }
            out.append(UInt8(name.count))
            out.append(contentsOf: name)
            let isPresent = normalize(request, name.span, into: &value)
            guard value.count < 4096 else { return nil }
            let length = isPresent ? value.count : absent
            out.append(UInt8(length & 0xFF))
            out.append(UInt8(length >> 8))
            out.append(contentsOf: value)
        }
        return out
    }

    /// Whether a request selects the stored response.
    static func matches(_ variance: Span<UInt8>, _ request: HeaderBlock) -> Bool {
        var index = 0
        var value: [UInt8] = []
        while index < variance.count {
            let (name, stored, next) = element(variance, at: index)
            let isPresent = normalize(request, variance.extracting(name), into: &value)
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
    static func encode(like variance: Span<UInt8>, _ request: HeaderBlock) -> [UInt8] {
        var out: [UInt8] = []
        var value: [UInt8] = []
        var index = 0
        while index < variance.count {
            let (name, _, next) = element(variance, at: index)
            out.append(variance[index])
            out.append(contentsOf: variance.extracting(name))
            let isPresent = normalize(request, variance.extracting(name), into: &value)
            let length = isPresent ? min(value.count, absent - 1) : absent
            out.append(UInt8(length & 0xFF))
            out.append(UInt8(length >> 8))
            out.append(contentsOf: value)
            index = next
        }
        return out
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

    /// A request field's value in one spelling: lines joined, blanks around commas dropped; Accept-Encoding and
    /// Accept-Language also in lower case and in one order, because order without weights means nothing there.
    /// - Returns: whether the field is there at all.
    private static func normalize(_ request: HeaderBlock, _ name: Span<UInt8>, into value: inout [UInt8]) -> Bool {
        value.removeAll(keepingCapacity: true)
        let id = KnownHeader(name: name)
        let isUnordered = id == .acceptEncoding || id == .acceptLanguage
        guard id == .other || request.contains(id) else { return false }
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
    private static func folded(_ bytes: Span<UInt8>) -> [UInt8] {
        var out: [UInt8] = []
        for index in bytes.indices {
            let byte = bytes[index]
            if byte == 0x20 || byte == 0x09 { continue }
            out.append(byte &- 0x41 < 26 ? byte | 0x20 : byte)
        }
        return out
    }
}
