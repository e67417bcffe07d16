import Bytes

/// How soon a response is wanted (RFC 9218).
struct HTTP2Priority: Sendable, Equatable {
    /// 0 (first) to 7.
    var urgency: UInt8 = 3
    /// Parts of it are of use, so that it shares with others of its urgency; else each goes as a whole.
    var isIncremental = false

    init() {}

    /// Reads a field's value, `u=1, i`. What is not understood is passed over (4).
    init(_ value: Span<UInt8>) {
        var list = ListElements(value)
        while let element = list.next() {
            let text = list.slice(element)
            if text.count >= 3, text[0] == 0x75, text[1] == 0x3D, text[2] &- 0x30 <= 7, text.ends(at: 3) {
                urgency = text[2] &- 0x30
            } else if text.count >= 1, text[0] == 0x69 {
                if text.ends(at: 1) { isIncremental = true }
                guard text.count >= 4, text[1] == 0x3D, text[2] == 0x3F, text.ends(at: 4) else { continue }
                if text[3] == 0x30 || text[3] == 0x31 { isIncremental = text[3] == 0x31 }
            }
        }
    }
}

extension Span where Element == UInt8 {
    /// No more of the member's value follows; its parameters may.
    fileprivate func ends(at index: Int) -> Bool { index == count || self[index] == 0x3B }
}
