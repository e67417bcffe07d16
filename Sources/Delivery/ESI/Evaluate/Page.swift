import Patterns

/// What all parts of a page share while it is assembled: the request, the budget, and the response's head.
struct Page {
    let settings: ESISettings
    let variables: RequestVariables
    /// The page's own URL.
    let own: ESIURL
    var budget = Budget()
    var random: SplitMix
    var lastRandom: Int64?
    var response = ResponseChanges()
    let matcher = MatcherBox()
    var output = Output()
    /// Includes that were come upon and not looked at yet.
    var includes: [IncludeRequest] = []
    /// Fetches whose fragments nobody wants any more.
    var cancelled: [Int] = []
    /// Fragments that the page itself holds, by URL.
    var inlines: [[UInt8]: [UInt8]] = [:]
    /// Those of them that other requests may have, and were not handed out yet.
    var published: [(url: ESIURL, text: [UInt8])] = []
    var publishedCount = 0
    /// Errors, handled or not, by their codes.
    var faultCounts: [String: Int] = [:]
    var firstFault: ESIFault?
    /// Those that were a guard's or a bound's.
    var refusals = 0
    /// What `debug` elements said.
    var debugLines: [[UInt8]] = []
    var trace: [ESITraceLine]?

    var request: ESIRequest { variables.request }

    init(_ request: ESIRequest, settings: ESISettings, traces: Bool) {
        self.settings = settings
        variables = RequestVariables(request, settings: settings)
        own = ESIURL(request)
        random = SplitMix(state: request.seed)
        trace = traces ? [] : nil
    }

    /// Counts a step of evaluation.
    @inline(__always)
    mutating func step() throws(ESIFault) {
        budget.steps += 1
        if budget.steps > settings.maximumSteps {
            throw ESIFault.limit("max_steps", "the page takes too many steps")
        }
    }

    func check(size: Int) throws(ESIFault) {
        guard size <= settings.maximumTextBytes else {
            throw ESIFault.limit("max_text_bytes", "a value of \(size) bytes")
        }
    }

    func check(items: Int) throws(ESIFault) {
        guard items <= settings.maximumItems else {
            throw ESIFault.limit("max_items", "a collection of \(items) members")
        }
    }

    /// An error that `alt`, `onerror` or `except` answered.
    mutating func caught(_ fault: ESIFault) {
        faultCounts[fault.code, default: 0] += 1
        if firstFault == nil { firstFault = fault }
        if fault.kind == .refused || fault.kind == .limit { refusals += 1 }
    }

    mutating func note(_ place: ESIPlace, _ depth: Int, _ what: @autoclosure () -> String) {
        guard trace != nil else { return }
        trace?.append(ESITraceLine(place: place, depth: depth, text: what()))
    }
}

/// What a page has used of its bounds.
struct Budget {
    var steps = 0
    var iterations = 0
    var variables = 0
    var includes = 0
}

/// One line of what was evaluated, fetched and skipped.
public struct ESITraceLine: Sendable, Equatable {
    public var place: ESIPlace
    /// Fragments and functions within each other.
    public var depth: Int
    public var text: String
}

/// What functions changed of the response's head.
struct ResponseChanges {
    var status: Int?
    var fields: [(name: [UInt8], value: [UInt8])] = []
    /// Stands in place of the whole page.
    var body: [UInt8]?
    /// Too late for changes.
    var isSent = false
    var isUncacheable = false
}

/// The memory of regular expressions, made when the first one is matched.
final class MatcherBox: @unchecked Sendable {
    // Confined to the assembly that owns it, which is used by one thread at a time.
    private var matcher: PatternMatcher?
    private var patterns: [(source: [UInt8], ignoresCase: Bool, pattern: Pattern)] = []

    /// Groups of the last match as ranges of the subject.
    func match(
        _ pattern: Pattern, _ subject: Text, limit: UInt32, into groups: inout MatchGroups
    ) throws(PatternError) -> Bool {
        if matcher == nil { matcher = PatternMatcher(matchLimit: limit) }
        guard try matcher?.find(pattern, in: subject.span) == true else { return false }
        let count = matcher?.groupCount ?? 0
        groups.subject = subject
        groups.ranges.removeAll(keepingCapacity: true)
        for number in 0..<count { groups.ranges.append(matcher?.group(number) ?? -1..<(-1)) }
        return true
    }

    /// Compiles a pattern that only evaluation knows; the last few are kept.
    func pattern(_ source: [UInt8], ignoresCase: Bool) throws(PatternError) -> Pattern {
        if let known = patterns.first(where: { $0.ignoresCase == ignoresCase && $0.source == source }) {
            return known.pattern
        }
        let pattern = try Pattern(source, ignoresCase: ignoresCase)
        if patterns.count >= 16 { patterns.removeFirst() }
        patterns.append((source, ignoresCase, pattern))
        return pattern
    }
}

/// What the last `matches` found.
struct MatchGroups {
    var subject = Text.empty
    /// Counted from the subject's start; empty below zero where a group took no part.
    var ranges: [Range<Int>] = []

    func group(_ number: Int) -> Value {
        guard ranges.indices.contains(number), ranges[number].lowerBound >= 0 else { return .undefined }
        let start = subject.bytes.startIndex
        let range = start + ranges[number].lowerBound..<start + ranges[number].upperBound
        return .text(Text(subject.bytes[range], taint: subject.taint))
    }

    var list: Value { .list(ranges.indices.map { group($0) }) }
}

/// Chance for `$rand` (Steele, Lea and Flood: SplitMix64).
struct SplitMix {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}
