/// A rule of the edge (docs/rules.md), read but not compiled: conditions and values are still text.
public struct RuleSection: Hashable, Sendable {
    public enum Phase: String, CaseIterable, Sendable { case receive, miss, fetch, deliver, error }

    public struct Header: Hashable, Sendable {
        public var name: String
        public var value: String
    }

    public struct Respond: Hashable, Sendable {
        public var status = 200
        public var headers: [Header] = []
        public var body = ""
    }

    public struct Redirect: Hashable, Sendable {
        public var to: String
        public var status = 302
        public var keepsQuery = true
    }

    public struct Throttle: Hashable, Sendable {
        /// An expression; nil for the client's address.
        public var key: String?
        public var events: Int
        public var milliseconds: Int
        public var burst: Int
    }

    public struct Canary: Hashable, Sendable {
        /// An expression; nil for the client's address.
        public var by: String?
        /// Origins with hundredths of a percent.
        public var split: [Share] = []

        public struct Share: Hashable, Sendable {
            public var origin: String
            public var hundredths: Int
        }
    }

    public enum Amount: Hashable, Sendable {
        case milliseconds(Int)
        /// An expression that gives seconds.
        case computed(String)
    }

    public enum Action: Hashable, Sendable {
        case deny(status: Int)
        case respond(Respond)
        case redirect(Redirect)
        case rewrite(String)
        case setHeaders([Header])
        case addHeaders([Header])
        case dropHeaders([String])
        case stripQuery([String])
        case sortQuery
        case cacheKey([String])
        case addCacheKey([String])
        case timeToLive(Amount)
        case grace(Amount)
        case bypass
        case throttle(Throttle)
        case origin(String)
        case canary(Canary)
        case tags([String])
        case compress(Bool)
        case esi(Bool)
    }

    public struct Place: Hashable, Sendable {
        public var line: Int
        public var column: Int
        /// The text stands in a block of its own below, with this many blanks in front.
        public var indentation: Int?
    }

    public var name: String
    public var when: String?
    public var phase: Phase?
    /// In the order of the file, with the key that each was written under.
    public var actions: [KeyedAction] = []
    public var stops = false
    /// Where keys' values are; the empty key is the rule.
    public var places: [String: Place] = [:]

    public struct KeyedAction: Hashable, Sendable {
        public var key: String
        public var action: Action
    }

    /// Where something in the text of a key is, for `SettingsDiagnostic`.
    /// - Parameters:
    ///   - line: in that text, from 1; nil for the whole.
    ///   - column: in that line, from 1.
    public func place(of key: String, line: Int?, column: Int?) -> (line: Int, column: Int) {
        var key = key
        while places[key] == nil, let dot = key.lastIndex(of: ".") { key = String(key[..<dot]) }
        guard let place = places[key] ?? places[""] else { return (0, 0) }
        guard let line, let column else { return (place.line, place.column) }
        if let indentation = place.indentation { return (place.line + line, indentation + column) }
        return line == 1 ? (place.line, place.column + column - 1) : (place.line, place.column)
    }
}

/// What the rules may take.
public struct RuleLimitsSection: Hashable, Sendable {
    /// Keys of throttles whose counts are kept.
    public var throttleKeys = 100_000
    /// Backtracking steps of one regular expression.
    public var maxMatchSteps = 100_000

    public init() {}

    init(reading section: YAMLSection) {
        throttleKeys = section.integer("throttle_keys", default: throttleKeys, in: 128...100_000_000)
        maxMatchSteps = section.integer("max_match_steps", default: maxMatchSteps, in: 100...10_000_000)
        section.finish()
    }
}
