import HTTPCache
import HTTPWire
import Reactor

/// What the rules have decided about one request so far.
struct RuleDecisions {
    /// An answer by the rules.
    struct Answer {
        var status: Int
        /// Field lines, framing apart.
        var lines: [UInt8] = []
        var body: [UInt8] = []
    }

    /// Names of the rules that fired, in order; one only once a phase. Numbers would mean other rules after a reload.
    var fired: [String] = []
    var answer: Answer?
    /// Phase miss is over.
    var hasMissed = false
    var isBypassed = false
    /// The name of an origin that was chosen.
    var origin: String?
    /// What stands in the URL's place in the cache key, as parts (`CacheKey.append(part:to:)`); nil is the URL.
    var keyBase: [UInt8]?
    /// Parts beside it.
    var keyParts: [UInt8] = []
    var cache = CacheOverride()
    /// For the response that is fetched, with blanks between.
    var tags: [UInt8] = []
    var compress: Bool?
    var esi: Bool?
    /// The path and query that the client asked for, where a rule gave others.
    var asked: (path: ByteRange, query: ByteRange, hasQuery: Bool)?
    /// Fields of `RateLimit` for the answer, as lines.
    var limits: [UInt8] = []
    /// How it came to this, where somebody asks.
    var trace: RuleTrace?

    /// Of all tags of a response together: they become one field.
    static let maximumTagBytes = 32_768
    /// The most rules that an event names.
    static let maximumNames = 16
}

extension RuleDecisions {
    @inline(__always)
    var changesKey: Bool { !keyParts.isEmpty || keyBase != nil }

    /// Takes the key of a request, with what the rules say about it.
    func set(_ key: inout CacheKey, _ head: borrowing RequestHead, isHTTPS: Bool, _ cache: ResponseCache?) {
        key.set(head, isHTTPS: isHTTPS)
        // What rules say about a key outweighs what responses say about queries.
        guard changesKey else { return cache?.unify(&key) ?? () }
        if let keyBase { key.extend(keyBase, replacing: true) }
        if !keyParts.isEmpty { key.extend(keyParts, replacing: false) }
    }
}

/// What becomes of a request after the rules of receive.
enum CacheUse: Equatable {
    case ask
    case past(CacheStatus.Forward)

    /// - Parameter isPast: it is not for the cache, whatever its method.
    init(_ method: Method, _ framing: BodyFraming, isPast: Bool) {
        guard method == .get || method == .head else {
            self = .past(.method)
            return
        }
        self = isPast || !framing.isEmpty ? .past(.bypass) : .ask
    }
}

/// What rules are told besides the messages.
struct RuleSubject {
    var isSecure = false
    var clientHigh: UInt64 = 0
    var clientLow: UInt64 = 0
    var clientPort: UInt16 = 0
    var tls: TLSFacts?
    var isFragment = false
    /// On the loop's clock, nanoseconds.
    var now: Int64 = 0
    var wallMicroseconds: Int64 = 0
    /// Nil where nothing was looked up.
    var cacheStatus: CacheOutcome?
    /// Negative where nothing stored is served.
    var cacheAge: Int64 = -1
    var originName = ""
    var errorCode = ""
}
