/// A format of `PRINTF`, which is Java's: literal text, and places for values.
struct PrintFormat: Sendable {
    struct Place: Sendable {
        /// Which value, from 0.
        var argument = 0
        var flags: Set<UInt8> = []
        var width: Int?
        var precision: Int?
        var conversion: UInt8 = 0
        /// The capital form of a conversion.
        var isUpper = false

        func has(_ flag: Unicode.Scalar) -> Bool { flags.contains(UInt8(ascii: flag)) }
    }

    enum Part: Sendable {
        case text([UInt8])
        case place(Place)
    }

    private(set) var parts: [Part] = []

    /// `nil` for a text that is no format.
    init?(_ text: [UInt8]) {
        var reader = Reader(text: text)
        var plain: [UInt8] = []
        var ordinary = 0
        var last: Int?
        while let byte = reader.next() {
            guard byte == UInt8(ascii: "%") else {
                plain.append(byte)
                continue
            }
            guard var place = reader.place() else { return nil }
            switch place.conversion {
            case UInt8(ascii: "n"):
                guard place.flags.isEmpty, place.width == nil, place.precision == nil else { return nil }
                plain.append(UInt8(ascii: "\n"))
                continue
            case UInt8(ascii: "%"): break
            default:
                if place.has("<") {
                    guard let last else { return nil }
                    place.argument = last
                } else if reader.index == 0 {
                    place.argument = ordinary
                    ordinary += 1
                } else {
                    place.argument = reader.index - 1
                }
                last = place.argument
            }
            guard place.isValid else { return nil }
            if !plain.isEmpty { parts.append(.text(plain)) }
            plain = []
            parts.append(.place(place))
        }
        if !plain.isEmpty { parts.append(.text(plain)) }
    }

    private struct Reader {
        let text: [UInt8]
        private var position = 0
        /// What stood before `$` in the last place; 0 for none.
        private(set) var index = 0

        init(text: [UInt8]) { self.text = text }

        mutating func next() -> UInt8? {
            guard position < text.count else { return nil }
            position += 1
            return text[position - 1]
        }

        private var peek: UInt8? { position < text.count ? text[position] : nil }

        /// `nil` where no number stands; one of more than nine digits is none.
        private mutating func number() -> Int? {
            var value: Int?
            var digits = 0
            while let byte = peek, byte &- 48 < 10, digits < 9 {
                value = (value ?? 0) * 10 + Int(byte - 48)
                digits += 1
                position += 1
            }
            return value
        }

        /// `[index$][flags][width][.precision]conversion`
        mutating func place() -> Place? {
            var place = Place()
            index = 0
            let start = position
            if let number = number(), peek == UInt8(ascii: "$") {
                guard number > 0 else { return nil }
                index = number
                position += 1
            } else {
                position = start
            }
            while let byte = peek, Array("-#+ 0,(<".utf8).contains(byte) {
                guard place.flags.insert(byte).inserted else { return nil }
                position += 1
            }
            place.width = number()
            if peek == UInt8(ascii: ".") {
                position += 1
                guard let precision = number() else { return nil }
                place.precision = precision
            }
            guard let conversion = next() else { return nil }
            place.conversion = conversion.lowercasedASCII
            place.isUpper = conversion != place.conversion
            return place
        }
    }
}

extension PrintFormat.Place {
    /// Whether the conversion is known and takes these flags.
    fileprivate var isValid: Bool {
        let isPadded = has("-") || has("0")
        guard !isPadded || width != nil, !(has("-") && has("0")), !(has("+") && has(" ")) else { return false }
        var known: String
        switch conversion {
        case UInt8(ascii: "b"), UInt8(ascii: "s"): known = "-<"
        case UInt8(ascii: "c"):
            known = "-<"
            if precision != nil { return false }
        case UInt8(ascii: "d"):
            known = "-+ 0,(<"
            if precision != nil || isUpper { return false }
        case UInt8(ascii: "x"), UInt8(ascii: "o"):
            known = "-#0<"
            if precision != nil || isUpper && conversion == UInt8(ascii: "o") { return false }
        case UInt8(ascii: "f"):
            known = "-#+ 0,(<"
            if isUpper { return false }
        case UInt8(ascii: "e"): known = "-#+ 0(<"
        case UInt8(ascii: "g"): known = "-+ 0,(<"
        case UInt8(ascii: "%"):
            known = "-"
            if precision != nil || isUpper { return false }
        default: return false
        }
        return flags.isSubset(of: Array(known.utf8))
    }
}
