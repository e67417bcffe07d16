import Bytes
import HTTPWire

/// `Accept-Language` (RFC 9110 §12.5.4).
enum AcceptLanguage {
    /// Elements that are looked at; a browser sends a handful.
    private static let maximumRanges = 64

    /// A language range in lower case and its weight in thousandths.
    private struct Wish {
        var range: [UInt8]
        var weight: Int
    }

    /// Best first; those of one weight in the order of the field.
    private static func wishes(_ block: HeaderBlock) -> [Wish] {
        var out: [Wish] = []
        for field in block.fields where field.id == .acceptLanguage {
            var list = ListElements(block.slice(field.value))
            while let element = list.next(), out.count < maximumRanges {
                let (name, weight) = WeightedElement.split(list.slice(element))
                let range = Variance.folded(list.slice(element).extracting(0..<name))
                let place = out.firstIndex { $0.weight < weight } ?? out.count
                if weight > 0 { out.insert(Wish(range: range, weight: weight), at: place) }
            }
        }
        return out
    }

    /// The one language that the client likes better than all others; nil where there is none.
    static func favourite(_ block: HeaderBlock) -> [UInt8]? {
        let wishes = wishes(block)
        guard let first = wishes.first, first.range != [0x2A],
            wishes.dropFirst().allSatisfy({ $0.weight < first.weight })
        else { return nil }
        return first.range
    }

    /// Which of some languages suits the client best, by "lookup" (RFC 4647 §3.4): the first range that is there, or is
    /// when its last subtags are left out. "*" takes the first language.
    /// - Parameter languages: in lower case, best first.
    static func choose(_ block: HeaderBlock, among languages: [[UInt8]]) -> Int? {
        for wish in wishes(block) {
            if wish.range == [0x2A] { return languages.isEmpty ? nil : 0 }
            var range = wish.range[...]
            while !range.isEmpty {
                if let found = languages.firstIndex(where: { $0[...] == range }) { return found }
                guard let dash = range.lastIndex(of: 0x2D) else { break }
                range = range[..<dash]
                // A single letter or digit begins an extension and goes with it.
                if range.count >= 2, range[range.endIndex - 2] == 0x2D { range = range.dropLast(2) }
            }
        }
        return nil
    }
}
