/// The field names that a response varies by (RFC 9110 §12.5.5).
public struct VaryList: Sendable, Equatable {
    /// Lower-cased, in the order of first mention, each once.
    public private(set) var names: [[UInt8]] = []
    /// `Vary: *`, or more names than make sense: no later request matches.
    public private(set) var matchesNothing = false

    public var isEmpty: Bool { names.isEmpty && !matchesNothing }

    /// - Parameter maximumCount: a response that names more is taken for one with "*".
    public init(_ block: borrowing HeaderBlock, maximumCount: Int = 16) {
        guard block.contains(.vary) else { return }
        for field in block.fields where field.id == .vary {
            var list = ListElements(block.slice(field.value))
            while let element = list.next() { add(list.slice(element), maximumCount) }
        }
    }

    private mutating func add(_ name: Span<UInt8>, _ maximumCount: Int) {
        if name.count == 1, name[0] == 0x2A {
            matchesNothing = true
            return
        }
        guard !names.contains(where: { name.equalsIgnoringCase($0.span) }) else { return }
        guard names.count < maximumCount else {
            matchesNothing = true
            return
        }
        var lowered: [UInt8] = []
        for index in name.indices { lowered.append(name[index].asciiLowercased) }
        names.append(lowered)
    }
}
