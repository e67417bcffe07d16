public import HTTPCache

/// What the edge does with a request, and why: `squilla explain-request` and `POST /api/v1/explain`.
public struct RequestExplanation: Sendable, Codable, Equatable {
    public struct Rule: Sendable, Codable, Equatable {
        public var phase: String
        public var name: String
        /// `fired`, `false`, `unknown` (NULL), `failed`, `not asked`, or `depends` on an answer that nobody knows.
        public var verdict: String
        /// Why it did not fire.
        public var why: String?
        /// What its actions did.
        public var did: [String] = []
    }

    public struct Route: Sendable, Codable, Equatable {
        public var origin: String
        public var endpoints: [String]
        public var why: String
    }

    public struct Cache: Sendable, Codable, Equatable {
        /// `hit`, `stale`, `collapsed`, `miss`, `revalidate`, `wait`, `disk`, `pass`, `refused`.
        public var outcome: String
        public var why: String
        public var stored: StoredFacts?
        /// Stored under the key.
        public var variants = 0
        public var isOnDisk = false

        /// The API's names.
        private enum CodingKeys: String, CodingKey {
            case outcome, why, stored, variants
            case isOnDisk = "on_disk"
        }
    }

    public struct Answer: Sendable, Codable, Equatable {
        public var status: Int
        /// What gives it: a rule, the cache, the edge itself.
        public var from: String
        /// As they go to the client, framing apart.
        public var headers: [String] = []
    }

    public var method: String
    public var url: String
    /// Path and query after the rules, where they are others.
    public var target: String?
    /// Fields that nobody believes this client.
    public var dropped: [String] = []
    public var rules: [Rule] = []
    public var route: Route?
    /// In visible ASCII; ` | ` stands before what rules add.
    public var key: String?
    public var cache: Cache?
    /// Where it is known without asking the origin.
    public var answer: Answer?
    /// It was asked of a running server's cache, not of an empty one.
    public var isLive: Bool

    /// The API's names.
    private enum CodingKeys: String, CodingKey {
        case method, url, target, dropped, rules, route, key, cache, answer
        case isLive = "live"
    }
}
