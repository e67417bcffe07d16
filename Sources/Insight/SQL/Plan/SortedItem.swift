/// A text behind what it is put in order by, as bytes: they compare as the keys do, and where those are equal as the
/// texts. Behind the text stands its length.
public enum SortedItem {
    /// How one key goes.
    struct Order: Hashable, Sendable {
        var isDescending: Bool
        var nullsFirst: Bool
    }

    /// A character a key, as a literal of a plan has them.
    static func text(of orders: [Order]) -> [UInt8] {
        orders.map { UInt8(ascii: "0") + ($0.isDescending ? 1 : 0) + ($0.nullsFirst ? 2 : 0) }
    }

    static func orders(_ text: [UInt8]) -> [Order] {
        text.map { Order(isDescending: $0 & 1 != 0, nullsFirst: $0 & 2 != 0) }
    }

    static let lengthBytes = 4

    static func appendLength(_ count: Int, to output: inout [UInt8]) {
        for shift in stride(from: 24, through: 0, by: -8) { output.append(UInt8(truncatingIfNeeded: count >> shift)) }
    }

    /// Where the text lies in an item; `nil` where the bytes are none.
    public static func text(of item: [UInt8]) -> Range<Int>? {
        guard item.count >= lengthBytes else { return nil }
        let end = item.count - lengthBytes
        var count = 0
        for byte in item[end...] { count = count << 8 | Int(byte) }
        return count <= end ? end - count..<end : nil
    }
}
