import Bytes

/// A tag of the language with its attributes: `<esi:name a="b"/>`.
struct Tag {
    struct Attribute {
        var name: [UInt8]
        /// Without quotes, entities replaced.
        var value: [UInt8]
    }

    var name: [UInt8]
    var attributes: [Attribute] = []
    var closesItself = false
    var place: ESIPlace
    /// What is odd about it, for `lint`.
    var notes: [String] = []

    func value(_ name: StaticString) -> [UInt8]? {
        attributes.first { $0.name.span.isEqual(to: name) }?.value
    }

    /// Index behind the `>` that ends the tag at `start`, which is not one inside a quoted value; nil where the bytes
    /// end before it.
    static func end(_ bytes: Span<UInt8>, from start: Int) -> Int? {
        var index = start
        var afterEquals = false
        while index < bytes.count {
            let byte = bytes[index]
            switch byte {
            case UInt8(ascii: ">"): return index + 1
            case UInt8(ascii: "="): afterEquals = true
            case UInt8(ascii: "\""), UInt8(ascii: "'"):
                if afterEquals {
                    guard let close = bytes.firstIndex(of: byte, from: index + 1) else { return nil }
                    index = close
                }
                afterEquals = false
            default: if !byte.isBlank { afterEquals = false }
            }
            index += 1
        }
        return nil
    }

    /// Reads the tag in `bytes[range]`, from `<esi:` to behind `>`.
    init(_ bytes: Span<UInt8>, _ range: Range<Int>, _ place: ESIPlace) {
        self.place = place
        var index = range.lowerBound + 5
        var last = range.upperBound - 1
        let start = index
        while index < last, bytes[index].isNameByte || bytes[index] == 0x2D { index += 1 }
        name = Array(bytes.extracting(start..<index))
        if last > index, bytes[last - 1] == UInt8(ascii: "/") {
            closesItself = true
            last -= 1
        }
        while true {
            while index < last, bytes[index].isBlank { index += 1 }
            guard index < last else { return }
            readAttribute(bytes, &index, last)
        }
    }

    private mutating func readAttribute(_ bytes: Span<UInt8>, _ index: inout Int, _ last: Int) {
        let start = index
        while index < last, !bytes[index].isBlank, bytes[index] != UInt8(ascii: "=") { index += 1 }
        let name = bytes.extracting(start..<index)
        while index < last, bytes[index].isBlank { index += 1 }
        guard index < last, bytes[index] == UInt8(ascii: "=") else {
            attributes.append(Attribute(name: Array(name), value: []))
            notes.append("the attribute \(String(decoding: Array(name), as: UTF8.self)) has no value")
            return
        }
        index += 1
        while index < last, bytes[index].isBlank { index += 1 }
        guard index < last else {
            attributes.append(Attribute(name: Array(name), value: []))
            return
        }
        var value: Range<Int>
        let quote = bytes[index]
        if quote == UInt8(ascii: "\"") || quote == UInt8(ascii: "'") {
            let close = bytes.firstIndex(of: quote, from: index + 1).map { min($0, last) } ?? last
            value = index + 1..<close
            index = min(last, close + 1)
        } else {
            notes.append("the value of \(String(decoding: Array(name), as: UTF8.self)) has no quotes")
            value = index..<index
            while index < last, !bytes[index].isBlank { index += 1 }
            value = value.lowerBound..<index
        }
        attributes.append(Attribute(name: Array(name), value: Entities.decodeMarkup(bytes.extracting(value))))
    }
}
