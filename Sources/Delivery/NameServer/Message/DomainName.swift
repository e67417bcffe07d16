/// A domain name in its form on the wire (RFC 1035, 3.1): labels with their lengths and a zero. In lower case, so that equal
/// names are equal bytes (RFC 4343).
public struct DomainName: Hashable, Sendable {
    static let maximumBytes = 255
    static let maximumLabelBytes = 63
    static let root = DomainName(wire: [0])

    /// With the zero.
    let wire: [UInt8]

    init(wire: [UInt8]) { self.wire = wire }

    /// As people write it; a name without a dot at its end is one of `origin`. `@` is `origin` itself, `\.` a dot in a
    /// label, `\ddd` any byte (RFC 1035, 5.1). Nil for what is no name.
    public init?(_ text: String, in origin: DomainName? = nil) {
        if text == "@", let origin {
            self = origin
            return
        }
        if text == "." {
            self = .root
            return
        }
        var wire: [UInt8] = []
        var label: [UInt8] = []
        var bytes = text.utf8.makeIterator()
        var endsInDot = false
        while let byte = bytes.next() {
            endsInDot = false
            switch byte {
            case UInt8(ascii: "."):
                guard DomainName.append(&label, to: &wire) else { return nil }
                endsInDot = true
            case UInt8(ascii: "\\"):
                guard let escaped = DomainName.escaped(&bytes) else { return nil }
                label.append(escaped)
            case 0x21...0x7E: label.append(byte.lowercased)
            default: return nil
            }
        }
        if !endsInDot {
            guard DomainName.append(&label, to: &wire) else { return nil }
        }
        wire += endsInDot || origin == nil ? [0] : origin?.wire ?? [0]
        guard wire.count <= DomainName.maximumBytes else { return nil }
        self.wire = wire
    }

    private static func append(_ label: inout [UInt8], to wire: inout [UInt8]) -> Bool {
        guard (1...maximumLabelBytes).contains(label.count) else { return false }
        wire.append(UInt8(label.count))
        wire += label
        label = []
        return true
    }

    private static func escaped(_ bytes: inout String.UTF8View.Iterator) -> UInt8? {
        guard let first = bytes.next() else { return nil }
        guard (0x30...0x39).contains(first) else { return first.lowercased }
        guard let second = bytes.next(), let third = bytes.next(), (0x30...0x39).contains(second),
            (0x30...0x39).contains(third)
        else { return nil }
        let value = Int(first - 0x30) * 100 + Int(second - 0x30) * 10 + Int(third - 0x30)
        return UInt8(exactly: value)?.lowercased
    }

    var isRoot: Bool { wire.count == 1 }

    /// Without its first label; nil for the root.
    var parent: DomainName? {
        guard !isRoot else { return nil }
        return DomainName(wire: Array(wire[(Int(wire[0]) + 1)...]))
    }

    /// `*.` and this name.
    var wildcard: DomainName { DomainName(wire: [1, UInt8(ascii: "*")] + wire) }

    /// Whether it is `other` or below it.
    func isWithin(_ other: DomainName) -> Bool {
        var name: DomainName? = self
        while let candidate = name, candidate.wire.count >= other.wire.count {
            if candidate == other { return true }
            name = candidate.parent
        }
        return false
    }
}

extension DomainName: CustomStringConvertible {
    /// With a dot at its end.
    public var description: String {
        guard !isRoot else { return "." }
        var text = ""
        var offset = 0
        while wire[offset] != 0 {
            let end = offset + 1 + Int(wire[offset])
            for byte in wire[offset + 1..<end] {
                switch byte {
                case UInt8(ascii: "."), UInt8(ascii: "\\"): text += "\\" + String(UnicodeScalar(byte))
                case 0x21...0x7E: text.unicodeScalars.append(UnicodeScalar(byte))
                default: text += "\\" + (byte < 10 ? "00" : byte < 100 ? "0" : "") + String(byte)
                }
            }
            text += "."
            offset = end
        }
        return text
    }
}

extension UInt8 {
    var lowercased: UInt8 { (0x41...0x5A).contains(self) ? self | 0x20 : self }
}
