import HTTPWire

/// What the origin is told of a client's wishes: the same by which the response will be told apart from others, so that
/// whoever gets it later means what the origin was asked for.
struct Negotiation: Sendable {
    private var encoding: [UInt8]?
    private var language: [UInt8]?

    init() {}

    init(_ request: HeaderBlock, _ rules: VaryRules) {
        var value: [UInt8] = []
        if rules.encoding != .asSent, Variance.normalize(request, .acceptEncoding, rules, into: &value) {
            encoding = value
        }
        if !rules.tags.isEmpty, Variance.normalize(request, .acceptLanguage, rules, into: &value) { language = value }
    }

    /// What a stored response was selected by.
    init(of object: CachedObject) {
        let bytes = object.bytes
        let variance = bytes.span.extracting(object.varianceRange)
        encoding = Variance.value(of: .acceptEncoding, in: variance)
        language = Variance.value(of: .acceptLanguage, in: variance)
    }

    /// Of the client, that don't go along.
    var fields: HeaderSet {
        var out = HeaderSet()
        if encoding != nil { out.insert(.acceptEncoding) }
        if language != nil { out.insert(.acceptLanguage) }
        return out
    }

    func write(to writer: inout HeadWriter) {
        if let encoding { writer.field("Accept-Encoding", encoding.span) }
        if let language { writer.field("Accept-Language", language.span) }
    }
}
