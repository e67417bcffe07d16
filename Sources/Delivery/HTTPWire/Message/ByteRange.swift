/// A slice of a message's head by position: 8 bytes, no reference.
public struct ByteRange: Sendable, Equatable {
    public var offset: UInt32
    public var length: UInt32

    public static let empty = ByteRange(offset: 0, length: 0)

    public init(offset: UInt32, length: UInt32) {
        self.offset = offset
        self.length = length
    }

    @inline(__always)
    init(_ start: Int, _ end: Int) {
        self.offset = UInt32(start)
        self.length = UInt32(end - start)
    }

    public var isEmpty: Bool { length == 0 }
    public var count: Int { Int(length) }
    public var start: Int { Int(offset) }
    public var end: Int { Int(offset) + Int(length) }
    public var range: Range<Int> { start..<end }
}
