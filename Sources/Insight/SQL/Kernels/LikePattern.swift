/// A `LIKE` pattern: `%` is any run of characters, `_` is one code point.
struct LikePattern: Sendable {
    enum Element: Sendable, Equatable {
        case byte(UInt8)
        case one
        case any
    }

    /// The common shapes need no general matching.
    enum Shape: Sendable {
        case exact([UInt8])
        case prefix([UInt8])
        case suffix([UInt8])
        case contains([UInt8])
        case general([Element])
    }

    let shape: Shape

    /// - Throws: an escape that isn't one character, or that stands before something else than `%`, `_` or itself.
    init(_ pattern: [UInt8], escape: [UInt8]?) throws(SQLError) {
        var escapeByte: UInt8?
        if let escape {
            guard escape.count == 1 else {
                throw SQLError(code: .typeMismatch, message: "the escape of LIKE must be one ASCII character")
            }
            escapeByte = escape[0]
        }
        var elements: [Element] = []
        var index = 0
        while index < pattern.count {
            let byte = pattern[index]
            if byte == escapeByte {
                index += 1
                guard index < pattern.count, [0x25, 0x5f, byte].contains(pattern[index]) else {
                    throw SQLError(
                        code: .evaluation, message: "in a LIKE pattern the escape must be followed by %, _ or itself")
                }
                elements.append(.byte(pattern[index]))
            } else if byte == 0x25 {
                if elements.last != .any { elements.append(.any) }
            } else {
                elements.append(byte == 0x5f ? .one : .byte(byte))
            }
            index += 1
        }
        self.shape = LikePattern.shape(of: elements)
    }

    private static func shape(of elements: [Element]) -> Shape {
        let startsOpen = elements.first == .any
        let endsOpen = elements.count > 1 && elements.last == .any
        let middle = elements.dropFirst(startsOpen ? 1 : 0).dropLast(endsOpen ? 1 : 0)
        var literal: [UInt8] = []
        for element in middle {
            guard case .byte(let byte) = element else { return .general(elements) }
            literal.append(byte)
        }
        switch (startsOpen, endsOpen) {
        case (false, false): return .exact(literal)
        case (false, true): return .prefix(literal)
        case (true, false): return .suffix(literal)
        case (true, true): return .contains(literal)
        }
    }

    func matches(_ text: Span<UInt8>) -> Bool {
        switch shape {
        case .exact(let literal): ByteOrder.areEqual(text, literal.span)
        case .prefix(let literal): UTF8Text.hasPrefix(text, literal.span)
        case .suffix(let literal): UTF8Text.hasSuffix(text, literal.span)
        case .contains(let literal): UTF8Text.find(literal.span, in: text) != nil
        case .general(let elements): LikePattern.matches(elements.span, text)
        }
    }

    /// Goes back only to the last `%`, so the work is at most the product of the lengths.
    private static func matches(_ elements: Span<Element>, _ text: Span<UInt8>) -> Bool {
        var index = 0
        var position = 0
        var anyIndex = -1
        var anyPosition = 0
        while position < text.count {
            if index < elements.count {
                switch elements[index] {
                case .any:
                    anyIndex = index
                    anyPosition = position
                    index += 1
                    continue
                case .one:
                    index += 1
                    position = UTF8Text.next(text, position)
                    continue
                case .byte(let byte):
                    if byte == text[position] {
                        index += 1
                        position += 1
                        continue
                    }
                }
            }
            if anyIndex < 0 { return false }
            anyPosition = UTF8Text.next(text, anyPosition)
            position = anyPosition
            index = anyIndex + 1
        }
        while index < elements.count && elements[index] == .any { index += 1 }
        return index == elements.count
    }
}
