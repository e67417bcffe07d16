import Bytes

/// What to fetch for an `include` or `eval`. Those of which nothing must be evaluated are made once for a compiled page,
/// and shared by all requests for it.
public final class ESIFetch: Sendable {
    public struct HeaderChange: Sendable {
        public enum Kind: Sendable { case set, append, remove }

        public var kind: Kind
        public var name: [UInt8]
        public var value: [UInt8]
    }

    /// When the fragment is evaluated.
    public enum Evaluation: Sendable {
        case never
        /// Where its answer asks for it (`Surrogate-Control`).
        case whenAsked
        case always
    }

    public let url: ESIURL
    /// All of the URL as text.
    public let text: [UInt8]
    public let evaluation: Evaluation
    /// `GET` unless the page says otherwise.
    public let method: [UInt8]
    public let entity: [UInt8]?
    public let headers: [HeaderChange]
    /// How long the fragment may be kept, in place of what its answer says.
    public let timeToLiveSeconds: Int64?
    /// Neither from the cache nor into it.
    public let noStore: Bool
    public let maximumMilliseconds: Int
    /// Whether the fragment comes from the page's own host, so that cookies and credentials may go with the request.
    public let isOwnHost: Bool
    /// Asks for what the URL names and for nothing special, as most do.
    public let isPlain: Bool

    static let get = Array("GET".utf8)

    init(
        _ url: ESIURL, isOwnHost: Bool, evaluation: Evaluation, maximumMilliseconds: Int, method: [UInt8] = get,
        entity: [UInt8]? = nil, headers: [HeaderChange] = [], timeToLiveSeconds: Int64? = nil, noStore: Bool = false
    ) {
        self.url = url
        self.isOwnHost = isOwnHost
        self.evaluation = evaluation
        self.maximumMilliseconds = maximumMilliseconds
        self.method = method
        self.entity = entity
        self.headers = headers
        self.timeToLiveSeconds = timeToLiveSeconds
        self.noStore = noStore
        text = url.text
        isPlain = entity == nil && headers.isEmpty && !noStore && method.span.isEqual(to: "GET")
    }

    /// The same for another URL.
    func leading(to url: ESIURL, isOwnHost: Bool) -> ESIFetch {
        ESIFetch(
            url, isOwnHost: isOwnHost, evaluation: evaluation, maximumMilliseconds: maximumMilliseconds,
            method: method, entity: entity, headers: headers, timeToLiveSeconds: timeToLiveSeconds, noStore: noStore)
    }
}

/// An include that a machine came upon, with its attributes evaluated.
struct IncludeRequest {
    /// What few have.
    private final class Rest {
        let alternative: ESIURL?
        let fault: ESIFault?
        let inline: [UInt8]?

        init(alternative: ESIURL?, fault: ESIFault?, inline: [UInt8]?) {
            self.alternative = alternative
            self.fault = fault
            self.inline = inline
        }
    }

    var scope: Int
    /// Nil where an attribute could not be evaluated, or a guard said no.
    var fetch: ESIFetch?
    var continuesOnError: Bool
    var isEval: Bool
    var evaluation: ESIFetch.Evaluation
    /// The page and the fragments around it, by their URLs.
    var chain: [[UInt8]]
    var place: ESIPlace
    private var rest: Rest?

    init(
        continuesOnError: Bool, isEval: Bool, evaluation: ESIFetch.Evaluation, chain: [[UInt8]], place: ESIPlace
    ) {
        scope = -1
        self.continuesOnError = continuesOnError
        self.isEval = isEval
        self.evaluation = evaluation
        self.chain = chain
        self.place = place
    }

    var alternative: ESIURL? {
        get { rest?.alternative }
        set { rest = Rest(alternative: newValue, fault: fault, inline: inline) }
    }

    var fault: ESIFault? {
        get { rest?.fault }
        set { rest = Rest(alternative: alternative, fault: newValue, inline: inline) }
    }

    /// What an `inline` of the page holds for this URL.
    var inline: [UInt8]? {
        get { rest?.inline }
        set { rest = Rest(alternative: alternative, fault: fault, inline: newValue) }
    }
}
