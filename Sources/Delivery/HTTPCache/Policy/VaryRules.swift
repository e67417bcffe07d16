/// How the request fields that responses vary by are brought into one spelling, so that one response serves all who mean
/// the same (RFC 9111 §4.1).
public struct VaryRules: Sendable, Equatable {
    public enum Encoding: Sendable {
        /// The codings that this cache knows and the client takes, without weights; the origin is told these.
        case codings
        /// The origin is asked for the original, of which this cache makes every form.
        case original
        /// Letter case, order and blanks alone.
        case asSent
    }

    /// Of `Accept-Encoding`.
    public var encoding: Encoding
    /// Of `Accept-Language`: what there is, as the origin names it, best first. The one that suits the client best
    /// (RFC 4647 §3.4) tells variants apart and is what the origin is told. Empty leaves letter case, order and blanks.
    public var languages: [String] { didSet { tags = VaryRules.folded(languages) } }
    /// Whether a response of the one language that a client likes best serves it, although another client's
    /// `Accept-Language` brought it.
    public var usesContentLanguage: Bool
    /// ``languages`` in lower case.
    private(set) var tags: [[UInt8]]

    /// Most languages that count.
    public static let maximumLanguages = 64

    public init(encoding: Encoding = .codings, languages: [String] = [], usesContentLanguage: Bool = true) {
        self.encoding = encoding
        self.languages = languages
        self.usesContentLanguage = usesContentLanguage
        tags = VaryRules.folded(languages)
    }

    private static func folded(_ languages: [String]) -> [[UInt8]] {
        languages.prefix(maximumLanguages).map { Array($0.lowercased().utf8) }
    }
}
