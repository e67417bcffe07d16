import Bytes
import HTTPWire

/// Parameters by name, to be taken out of queries.
struct RuleQuery: Sendable {
    private let exact: [[UInt8]]
    private let prefixes: [[UInt8]]

    init(_ patterns: [String]) {
        exact = patterns.filter { !$0.hasSuffix("*") }.map { Array($0.utf8) }
        prefixes = patterns.filter { $0.hasSuffix("*") }.map { Array($0.dropLast().utf8) }
    }

    private func names(_ parameter: ArraySlice<UInt8>) -> Bool {
        let name = parameter.prefix { $0 != 0x3D }
        return exact.contains { $0.elementsEqual(name) } || prefixes.contains { name.starts(with: $0) }
    }

    /// Takes the parameters out; a query of which nothing is left goes with its question mark.
    func strip(_ head: inout RequestHead) {
        guard head.hasQuery else { return }
        let query = [UInt8](head.slice(head.query))
        let parts = query.split(separator: 0x26, omittingEmptySubsequences: false)
        let kept = parts.filter { !names($0) }
        guard kept.count < parts.count else { return }
        RuleQuery.set(kept, &head)
    }

    /// Puts parameters in the order of their bytes; those of one name stay in theirs.
    static func sort(_ head: inout RequestHead) {
        guard head.hasQuery else { return }
        let query = [UInt8](head.slice(head.query))
        let parts = query.split(separator: 0x26)
        let sorted = parts.enumerated().sorted { left, right in
            let (a, b) = (left.element.prefix { $0 != 0x3D }, right.element.prefix { $0 != 0x3D })
            if a.elementsEqual(b) { return left.offset < right.offset }
            return a.lexicographicallyPrecedes(b)
        }.map(\.element)
        guard !sorted.elementsEqual(parts) || parts.count != query.count(where: { $0 == 0x26 }) + 1 else { return }
        set(sorted, &head)
    }

    private static func set(_ parts: [ArraySlice<UInt8>], _ head: inout RequestHead) {
        if parts.isEmpty { return head.setQuery(nil) }
        let text = Array(parts.joined(separator: [0x26]))
        head.setQuery(text.span)
    }
}
