import Bytes

/// What an origin tells the caches that stand for it (Edge Architecture Specification, W3C note, 2001):
/// `Surrogate-Control: max-age=3600, content="ESI/1.0"`.
public struct SurrogateControl: Sendable, Equatable {
    /// A capability of `content` begins with `ESI/`.
    public private(set) var asksForESI = false
    /// Seconds; `max-age=3600+600` allows 600 more while it is stale.
    public private(set) var maxAge: Int64?
    public private(set) var staleSeconds: Int64?
    public private(set) var isNoStore = false

    public init(_ block: borrowing HeaderBlock) {
        guard let list = block.joinedValue(of: .surrogateControl) else { return }
        var elements = ListElements(list.span)
        while let element = elements.next() { take(Array(list[element])) }
    }

    /// One directive. What is targeted at another surrogate by `;name` counts as well: there is one here.
    private mutating func take(_ element: [UInt8]) {
        let directive = element.prefix { $0 != UInt8(ascii: ";") }
        let equals = directive.firstIndex(of: UInt8(ascii: "=")) ?? directive.endIndex
        let name = Array(directive[..<equals]).map(\.asciiLowercased)
        let value = Array(directive[min(directive.endIndex, equals + 1)...])
        if name.span.isEqual(to: "no-store") {
            isNoStore = true
        } else if name.span.isEqual(to: "max-age") {
            let plus = value.firstIndex(of: UInt8(ascii: "+")) ?? value.endIndex
            maxAge = DeltaSeconds.parse(Array(value[..<plus]).span) ?? 0
            staleSeconds = plus < value.endIndex ? DeltaSeconds.parse(Array(value[(plus + 1)...]).span) : nil
        } else if name.span.isEqual(to: "content") {
            for token in value.split(whereSeparator: { $0 == UInt8(ascii: "\"") || $0 == 0x20 }) {
                if token.starts(with: Array("ESI/1.".utf8)) { asksForESI = true }
            }
        }
    }
}
