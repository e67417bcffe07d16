import Bytes

/// Walks over the tokens that a `JSONIndex` found, and checks JSON's grammar on the way.
///
/// `index` is never above `positionCount`: the entry there stands for the end, where `token` is 0, which nothing takes.
struct JSONCursor {
    let base: UnsafePointer<UInt8>
    let count: Int
    private let positions: UnsafePointer<UInt32>
    let positionCount: Int
    private(set) var index: Int
    /// Where the line at work ends.
    var lineEnd: Int
    /// Levels of objects and arrays in one line, at most 64.
    var maximumDepth = 64

    init(
        base: UnsafePointer<UInt8>, count: Int, positions: UnsafePointer<UInt32>, positionCount: Int, index: Int,
        lineEnd: Int
    ) {
        self.base = base
        self.count = count
        self.positions = positions
        self.positionCount = positionCount
        self.index = index
        self.lineEnd = lineEnd
    }

    /// The offset of the token at the cursor.
    @inline(__always)
    var position: Int { Int(positions[index]) }

    /// The offset of the token after that at the cursor.
    /// - Precondition: the cursor is not at the end.
    @inline(__always)
    var nextPosition: Int { Int(positions[index + 1]) }

    /// The first byte of the token at the cursor; 0 at the end of the text or past the line.
    @inline(__always)
    var token: UInt8 {
        let at = position
        return at < lineEnd ? base[at] : 0
    }

    mutating func advance() {
        if index < positionCount { index += 1 }
    }

    /// To the first token at or after `offset`.
    mutating func move(to offset: Int) {
        while index < positionCount, position < offset { index += 1 }
    }

    /// Back to a token where the cursor was before.
    mutating func restart(at token: Int) {
        precondition(token >= 0 && token <= positionCount)
        index = token
    }

    /// The offset after the last byte of the token at the cursor, blanks behind it left out.
    @inline(__always)
    var tokenEnd: Int {
        let start = position
        var end = min(nextPosition, lineEnd)
        while end > start + 1, Self.isBlank(base[end - 1]) { end -= 1 }
        return end
    }

    /// What stands between the quotes of the string at the cursor.
    var stringContent: Range<Int>? {
        let start = position
        let end = tokenEnd
        guard end > start + 1, base[end - 1] == UInt8(ascii: "\"") else { return nil }
        return start + 1..<end - 1
    }

    func bytes(_ range: Range<Int>) -> UnsafeBufferPointer<UInt8> {
        UnsafeBufferPointer(start: base + range.lowerBound, count: range.count)
    }

    @inline(__always)
    static func isBlank(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x09 || byte == 0x0d || byte == 0x0a }

    /// A key and where its value begins.
    struct Entry {
        /// What stands between the key's quotes.
        var key: Range<Int>
        /// The offset of the value's first byte.
        var value: Int
        /// The value's first byte; 0 at the end of the line.
        var first: UInt8
    }

    /// Moves past the key at the cursor and its colon.
    @inline(__always)
    mutating func entry() throws(JSONFault) -> Entry {
        guard index < positionCount else { throw .lineEnds }
        let start = position
        let colon = nextPosition
        guard colon < lineEnd, base[start] == UInt8(ascii: "\""), base[colon] == UInt8(ascii: ":") else {
            throw entryFault()
        }
        var end = colon - 1
        while end > start, Self.isBlank(base[end]) { end -= 1 }
        guard end > start, base[end] == UInt8(ascii: "\"") else { throw .expectedKey }
        index += 2
        return Entry(key: start + 1..<end, value: position, first: token)
    }

    private func entryFault() -> JSONFault {
        let first = token
        if first != UInt8(ascii: "\"") { return first == 0 ? .lineEnds : .expectedKey }
        return nextPosition < lineEnd ? .expectedColon : .lineEnds
    }

    /// Moves past the scalar at the cursor, which begins with `first`, and says where it lies.
    @inline(__always)
    mutating func scalar() -> Range<Int> {
        let start = position
        let end = tokenEnd
        index += 1
        return start..<end
    }

    /// Moves past the scalar at the cursor, wherever it ends.
    @inline(__always)
    mutating func skipScalar() { index += 1 }

    /// Moves past the token at the cursor and gives its first byte; 0 at the end of the line.
    @inline(__always)
    mutating func next() -> UInt8 {
        let byte = token
        if byte != 0 { index += 1 }
        return byte
    }

    /// Moves past the value at the cursor without looking into its scalars.
    mutating func skipValue(depth: Int) throws(JSONFault) {
        switch token {
        case UInt8(ascii: "{"), UInt8(ascii: "["): try walkContainer(depth: depth, checking: false)
        case UInt8(ascii: "\""), UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "t"),
            UInt8(ascii: "f"), UInt8(ascii: "n"):
            index += 1
        case 0: throw .lineEnds
        default: throw .badValue
        }
    }

    /// Moves past the value at the cursor, checks every byte of it, and says where it lies.
    mutating func checkedValue(depth: Int) throws(JSONFault) -> Range<Int> {
        let start = position
        let first = token
        if first == UInt8(ascii: "{") || first == UInt8(ascii: "[") {
            try walkContainer(depth: depth, checking: true)
            // The last token passed is the closing bracket.
            return start..<Int(positions[index - 1]) + 1
        }
        let end = tokenEndOrStart
        try checkScalar()
        return start..<end
    }

    private var tokenEndOrStart: Int { index < positionCount ? tokenEnd : position }

    /// Moves past the scalar at the cursor and checks it.
    private mutating func checkScalar() throws(JSONFault) {
        switch token {
        case UInt8(ascii: "\""):
            guard let content = stringContent else { throw .badValue }
            let text = bytes(content)
            if text.span.firstIndex(of: UInt8(ascii: "\\")) != nil, !JSONText.hasValidEscapes(text.span) {
                throw .badEscape
            }
        case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"):
            if !JSONText.isNumber(bytes(position..<tokenEnd).span) { throw .badNumber }
        case UInt8(ascii: "t"), UInt8(ascii: "f"), UInt8(ascii: "n"):
            if JSONText.literal(bytes(position..<tokenEnd).span) == nil { throw .badValue }
        case 0: throw .lineEnds
        default: throw .badValue
        }
        index += 1
    }

    /// Moves past the object or array at the cursor. `depth` counts the containers around it.
    private mutating func walkContainer(depth: Int, checking: Bool) throws(JSONFault) {
        var level = 0
        // Bit n says whether the container n levels up is an object.
        var objects: UInt64 = 0
        while true {
            // A value begins at the cursor.
            let first = token
            if first == UInt8(ascii: "{") || first == UInt8(ascii: "[") {
                if depth + level >= maximumDepth || level >= 63 { throw .tooDeep }
                objects = objects << 1 | (first == UInt8(ascii: "{") ? 1 : 0)
                level += 1
                index += 1
                if token == first + 2 {
                    index += 1
                    objects >>= 1
                    level -= 1
                } else {
                    if objects & 1 == 1 { try key(checking: checking) }
                    continue
                }
            } else if checking {
                try checkScalar()
            } else {
                try skipValue(depth: depth)
            }
            // After a value: ends of containers, then a comma or the end of all.
            while level > 0, token == (objects & 1 == 1 ? UInt8(ascii: "}") : UInt8(ascii: "]")) {
                index += 1
                objects >>= 1
                level -= 1
            }
            if level == 0 { return }
            guard token == UInt8(ascii: ",") else { throw token == 0 ? .lineEnds : .expectedCommaOrEnd }
            index += 1
            if objects & 1 == 1 { try key(checking: checking) }
        }
    }

    /// Moves past a key and its colon.
    private mutating func key(checking: Bool) throws(JSONFault) {
        guard token == UInt8(ascii: "\"") else { throw token == 0 ? .lineEnds : .expectedKey }
        if checking { try checkScalar() } else { index += 1 }
        guard token == UInt8(ascii: ":") else { throw token == 0 ? .lineEnds : .expectedColon }
        index += 1
    }
}
