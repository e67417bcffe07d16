/// A rule as it is written, before it is compiled. Texts that `${…}` may stand in are templates, with an SQL expression
/// between the braces; keys and conditions are SQL as they are.
public struct RuleDeclaration: Sendable {
    public enum Action: Sendable {
        /// Answers at once; a redirect is an answer with a `Location`.
        case respond(status: Int, headers: [(name: String, value: String)], body: String)
        case redirect(to: String, status: Int, keepsQuery: Bool)
        /// Another path, and another query where there is a question mark in it.
        case rewrite(String)
        /// Of the request in receive and miss, of the answer later.
        case setHeader(name: String, value: String)
        case addHeader(name: String, value: String)
        /// By its name; a `*` at the end stands for anything.
        case dropHeader(String)
        /// Parameters by name, a `*` at the end for anything.
        case stripQuery([String])
        case sortQuery
        /// Expressions in the place of the URL, or beside it.
        case cacheKey([String], replacesURL: Bool)
        case timeToLive(Amount)
        case grace(Amount)
        /// Past the cache.
        case bypass
        /// - Parameters:
        ///   - key: an expression; nil for the client's address.
        ///   - events: how many in `milliseconds`, on average.
        ///   - burst: how many at once.
        case throttle(key: String?, events: Int, milliseconds: Int, burst: Int)
        case origin(String)
        /// - Parameters:
        ///   - by: an expression whose value always goes the same way; nil, and NULL, for the client's address.
        ///   - split: origins with hundredths of a percent, which add up to 10,000.
        case canary(by: String?, split: [(origin: String, share: Int)])
        case tags([String])
        case compress(Bool)
        case esi(Bool)
    }

    /// Seconds.
    public enum Amount: Sendable {
        case seconds(Int64)
        /// What stands in `${…}`, an expression.
        case computed(String)
    }

    public var name: String
    /// A condition; nil for always.
    public var when: String?
    /// Nil for the earliest in which all the actions can stand.
    public var phase: RulePhase?
    /// Each with the key that it was written under, for messages.
    public var actions: [(key: String, action: Action)] = []
    /// No later rule of the phase is asked where this one fires.
    public var stops = false

    /// Statuses whose answers have no content (RFC 9110, 15.3.5, 15.3.6 and 15.4.5).
    static let bodiless: Set<Int> = [204, 205, 304]

    public init(name: String) { self.name = name }
}

/// What is wrong with a rule, or likely to be.
public struct RuleFault: Sendable, Equatable {
    /// Which of the rules.
    public var rule: Int
    /// The key at fault, such as `when` or `set_headers.X-A`.
    public var key: String
    /// In the key's text, from 1; nil where all of it is meant.
    public var line: Int?
    public var column: Int?
    public var message: String
    /// The rules can be used all the same.
    public var isWarning = false
}
