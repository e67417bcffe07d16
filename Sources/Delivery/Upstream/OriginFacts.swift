public import Reactor

/// What a fetch cost, for the event. Times are the loop's nanoseconds; 0 where it did not come so far.
public struct OriginFacts: Sendable {
    public var address: SocketAddress?
    /// Who was asked; nil where nobody was chosen.
    public var endpoint: OriginEndpoint?
    /// Nil where there was no connection.
    public var version: OriginVersion?
    public var status = 0
    /// Duration of the connect this request waited for; -1 on a reused connection.
    public var connectNanoseconds: Int64 = -1
    public var sentAt: Int64 = 0
    public var firstByteAt: Int64 = 0
    public var endedAt: Int64 = 0
    /// Attempts after the first, hedges among them.
    public var retries = 0
    /// Endpoints asked beside one that was slow.
    public var hedges = 0
}

/// An endpoint of a group, by which events name it. Its identity tells endpoints apart without a look at their names.
public final class OriginEndpoint: Sendable {
    /// As configured, `HOST:PORT`.
    public let name: String
    public let tier: OriginTier

    init(name: String, tier: OriginTier) {
        self.name = name
        self.tier = tier
    }
}

/// What is spoken to an origin.
public enum OriginVersion: UInt8, Sendable {
    case http11, http2

    /// As events have it.
    public var text: String { self == .http2 ? "2" : "1.1" }
}

/// Who is asked for what this edge has not.
public enum OriginTier: UInt8, Sendable, CaseIterable {
    case origin
    /// An edge of the same place, which the key belongs to.
    case peer
    /// A cache between the edges and the origin.
    case parent

    /// As events have it.
    public var text: String { "\(self)" }
}
