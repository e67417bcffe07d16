import Bytes
import HTTPWire
import SQL

/// An action with everything in it compiled.
enum RuleAction: Sendable {
    case respond(status: Int, headers: [(RuleHeader, RuleTemplate)], body: RuleTemplate)
    case redirect(RuleTemplate, status: Int, keepsQuery: Bool)
    case rewrite(RuleTemplate)
    case setHeader(RuleHeader, RuleTemplate)
    case addHeader(RuleHeader, RuleTemplate)
    case dropHeader(RuleHeader)
    case stripQuery(RuleQuery)
    case sortQuery
    case cacheKey([RowProgram], replacesURL: Bool)
    case timeToLive(RuleAmount)
    case grace(RuleAmount)
    case bypass
    case throttle(RuleThrottle)
    case origin(String, isInKey: Bool)
    case canary(RuleCanary)
    case tags([RuleTemplate])
    case compress(Bool)
    case esi(Bool)
}

extension RuleAction {
    /// It gives the request another path or query.
    var changesTarget: Bool {
        switch self {
        case .rewrite, .stripQuery, .sortQuery: true
        default: false
        }
    }
}

enum RuleAmount: Sendable {
    case seconds(Int64)
    case computed(RowProgram)
}

/// The name of a field, or the beginning of names.
struct RuleHeader: Sendable {
    let name: [UInt8]
    let id: KnownHeader
    let isPrefix: Bool

    init(_ text: String) {
        let isPrefix = text.hasSuffix("*")
        let bytes = Array((isPrefix ? text.dropLast() : text[...]).utf8)
        self.isPrefix = isPrefix
        name = bytes
        id = isPrefix ? .other : KnownHeader(name: bytes.span)
    }

    /// What frames messages or names the client, which rules can't set or take out.
    static func isOfEdge(_ id: KnownHeader, isResponse: Bool) -> Bool {
        switch id {
        case .contentLength, .transferEncoding, .connection, .keepAlive, .te, .trailer, .upgrade, .proxyConnection,
            .via, .age, .date:
            true
        case .host, .expect, .cdnLoop, .forwarded, .xForwardedFor, .xForwardedHost, .xForwardedProto, .maxForwards:
            !isResponse
        default: false
        }
    }

    /// Those of an answer. A pattern leaves alone what the edge owns, as it would be refused by its name.
    func remove(fromResponse block: inout HeaderBlock) {
        remove(from: &block) { RuleHeader.isOfEdge($0, isResponse: true) }
    }

    private func remove(from block: inout HeaderBlock, keeping isKept: (KnownHeader) -> Bool) {
        guard isPrefix else { return block.remove(named: name.span) }
        var names: [[UInt8]] = []
        for field in block.fields where field.name.count >= name.count && !isKept(field.id) {
            let found = block.slice(field.name)
            guard found.extracting(0..<name.count).equalsIgnoringCase(name.span) else { continue }
            names.append([UInt8](found))
        }
        for name in names { block.remove(named: name.span) }
    }

    /// Those of a request: with an underscore where the name has a hyphen they are meant as well, since CGI, WSGI and PHP make
    /// one variable of both.
    func remove(fromRequest block: inout HeaderBlock) {
        remove(from: &block) { $0 == .contentLength }
        var names: [[UInt8]] = []
        for field in block.fields where field.id == .other && isSpelled(block.slice(field.name)) {
            names.append([UInt8](block.slice(field.name)))
        }
        for name in names { block.remove(named: name.span) }
    }

    private func isSpelled(_ found: Span<UInt8>) -> Bool {
        guard isPrefix ? found.count >= name.count : found.count == name.count else { return false }
        for index in name.indices where RuleHeader.folded(found[index]) != RuleHeader.folded(name[index]) {
            return false
        }
        return true
    }

    private static func folded(_ byte: UInt8) -> UInt8 {
        byte == 0x5F ? 0x2D : byte &- 0x41 < 26 ? byte | 0x20 : byte
    }
}

struct RuleThrottle: Sendable {
    /// What tells this rule's keys from others'.
    let salt: UInt64
    /// Nil for the client's address.
    let key: RowProgram?
    let rate: ThrottleRate
    /// The rule's, as a string of a structured field, its quotes included.
    let name: String

    /// RFC 9651, 4.1.6.
    static func quoted(_ name: String) -> String {
        var text = "\""
        for scalar in name.unicodeScalars {
            if scalar == "\"" || scalar == "\\" { text.unicodeScalars.append("\\") }
            text.unicodeScalars.append(scalar)
        }
        return text + "\""
    }
}

struct RuleCanary: Sendable {
    let salt: [UInt8]
    let by: RowProgram?
    /// Ascending, up to 10,000.
    let bounds: [(origin: String, upTo: Int)]
}

/// One rule of one phase. A class, so that the walk over the rules counts no references of what it does not need.
final class CompiledRule: Sendable {
    let number: Int
    let name: [UInt8]
    let actions: [RuleAction]
    /// Which of the phase's `fills` the actions read.
    let needs: [UInt16]
    let stops: Bool
    /// Of a rule that gives requests another path or query: those parts of its condition, all of which must hold, that
    /// a bare URL decides.
    let targetConditions: [RowProgram]

    init(
        number: Int, name: [UInt8], actions: [RuleAction], needs: [UInt16], stops: Bool,
        targetConditions: [RowProgram]
    ) {
        self.targetConditions = targetConditions
        self.number = number
        self.name = name
        self.actions = actions
        self.needs = needs
        self.stops = stops
    }
}
