/// A response's status line and fields. Owned by its connection and reused for each response on it.
public struct ResponseHead: Sendable {
    public var block: HeaderBlock
    /// 100 to 999. Statuses from 600 on mean nothing (RFC 9110 §15) but are passed on.
    public var status: Int
    public internal(set) var reason: ByteRange
    /// 0 or 1.
    public internal(set) var minorVersion: UInt8
    /// Whether the connection may carry another message after this one.
    public internal(set) var keepsAlive: Bool
    public internal(set) var framing: BodyFraming

    public init() {
        self.block = HeaderBlock()
        self.status = 0
        self.reason = .empty
        self.minorVersion = 1
        self.keepsAlive = true
        self.framing = .none
    }

    /// Forgets the response and keeps the memory.
    public mutating func reset() {
        block.removeAll()
        status = 0
        reason = .empty
        minorVersion = 1
        keepsAlive = true
        framing = .none
    }

    /// 1xx: another head follows. The edge refuses 101 because it never asks for an upgrade.
    public var isInterim: Bool { status < 200 }

    /// The octets of any range of this head.
    @_lifetime(borrow self)
    public func slice(_ range: ByteRange) -> Span<UInt8> { block.bytes.span.extracting(range.range) }

    public func string(_ range: ByteRange) -> String { block.string(range) }
}
