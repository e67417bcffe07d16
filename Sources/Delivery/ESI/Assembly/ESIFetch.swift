/// What to fetch for an `include` or `eval`.
public struct ESIFetch: Sendable {
    public struct HeaderChange: Sendable {
        public enum Kind: Sendable { case set, append, remove }

        public var kind: Kind
        public var name: [UInt8]
        public var value: [UInt8]
    }

    /// Names the fetch in events and actions.
    public var id: Int
    public var url: ESIURL
    /// `GET` unless the page says otherwise.
    public var method: [UInt8]
    public var entity: [UInt8]?
    public var headers: [HeaderChange]
    /// How long the fragment may be kept, in place of what its answer says.
    public var timeToLiveSeconds: Int64?
    /// Neither from the cache nor into it.
    public var noStore: Bool
    public var maximumMilliseconds: Int
    /// Whether the fragment comes from the page's own host, so that cookies and credentials may go with the request.
    public var isOwnHost: Bool
    /// Fragments around it, 1 for one of the page itself.
    public var depth: Int
    public var place: ESIPlace
}

/// An include that a machine came upon, with its attributes evaluated.
struct IncludeRequest {
    var scope: Int
    /// Nil where an attribute could not be evaluated, or a guard said no.
    var fetch: ESIFetch?
    var alternative: ESIURL?
    var fault: ESIFault?
    var continuesOnError: Bool
    var isEval: Bool
    var processing: IncludeNode.Processing
    var chain: [[UInt8]]
    var place: ESIPlace
    /// What an `inline` of the page holds for this URL.
    var inline: [UInt8]?
}
