import HTTPWire

/// What the origin is told of a client's wishes: the same by which the response will be told apart from others, so that
/// whoever gets it later means what the origin was asked for.
struct Negotiation: Sendable {
    private var encoding: [UInt8]?
    private var language: [UInt8]?

    init() {}

    init(_ request: borrowing HeaderBlock, _ rules: borrowing VaryRules) {
        switch rules.encoding {
        case .original: encoding = Negotiation.value(request, .acceptEncoding, rules)
        case .codings where request.contains(.acceptEncoding):
            encoding = Negotiation.value(request, .acceptEncoding, rules)
        case .codings, .asSent: break
        }
        if request.contains(.acceptLanguage), !rules.tags.isEmpty {
            language = Negotiation.value(request, .acceptLanguage, rules)
        }
    }

    private static func value(_ request: HeaderBlock, _ header: KnownHeader, _ rules: VaryRules) -> [UInt8]? {
        var value: [UInt8] = []
        return Variance.normalize(request, header, rules, into: &value) ? value : nil
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
