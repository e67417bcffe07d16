import Bytes

/// A place in a page or fragment, both numbers from 1; columns count bytes.
public struct ESIPlace: Sendable, Equatable, Comparable {
    public var line: Int32
    public var column: Int32

    public init(line: Int32 = 1, column: Int32 = 1) {
        self.line = line
        self.column = column
    }

    public static func < (left: ESIPlace, right: ESIPlace) -> Bool {
        (left.line, left.column) < (right.line, right.column)
    }

    /// Moves over bytes.
    mutating func advance(over bytes: Span<UInt8>) {
        let lines = bytes.count(of: 0x0A)
        guard lines > 0 else {
            column &+= Int32(truncatingIfNeeded: bytes.count)
            return
        }
        var last = bytes.count - 1
        while bytes[last] != 0x0A { last -= 1 }
        line &+= Int32(truncatingIfNeeded: lines)
        column = Int32(truncatingIfNeeded: bytes.count - last)
    }
}
