/// Edge Side Includes (docs/esi.md).
public struct ESISection: Hashable, Sendable {
    public enum OnError: String, CaseIterable, Sendable { case fail, empty }

    public enum Hold: String, CaseIterable, Sendable {
        case none
        case lookAhead = "look-ahead"
        case whole
    }

    public var isEnabled = false
    /// Hosts whose pages are assembled although their answers do not ask for it; `*` for all.
    public var processHosts: [String] = []
    public var contentTypes = ["text/html"]
    /// Hosts that fragments may come from beside the page's own and those that origins name.
    public var allowedHosts: [String] = []
    public var allowsPrivateHosts = false
    public var onError = OnError.fail
    public var hold = Hold.lookAhead
    public var encodesVariables = true
    public var evaluatesFragments = false
    public var fetchableInlines = true
    public var hiddenCookies: [String] = []
    /// A database in MaxMind's format for `GEO`.
    public var geoDatabase: String?
    public var compiledBytes = 32 << 20
    public var lookAheadBytes = 4 << 10
    public var maxHeldBytes = 256 << 10
    public var maxIncludes = 256
    public var maxParallelFetches = 32
    public var maxDepth = 5
    public var maxRedirects = 3
    public var maxFragmentBytes = 8 << 20
    public var maxDecodedBytes = 64 << 20
    public var maxDecodedRatio = 250
    public var maxBufferedBytes = 16 << 20
    public var maxOutputBytes = 4 << 30
    public var fragmentMilliseconds = 10_000
    public var pageMilliseconds = 30_000
    public var maxSteps = 1_000_000
    public var maxIterations = 100_000
    public var maxCallDepth = 32
    public var maxVariables = 1000
    public var maxItems = 10_000
    public var maxTextBytes = 1 << 20
    public var maxMatchSteps = 100_000
    public var maxTagBytes = 64 << 10
    public var maxElementBytes = 4 << 20
    public var maxNesting = 512
    public var maxExpressionBytes = 16 << 10
    public var maxExpressionDepth = 64
    public var maxAddedFields = 64

    public init() {}

    init(reading section: YAMLSection) {
        isEnabled = section.bool("enabled", default: isEnabled)
        processHosts = section.strings("process_hosts") ?? processHosts
        contentTypes = section.strings("content_types") ?? contentTypes
        allowedHosts = section.strings("allowed_hosts") ?? allowedHosts
        allowsPrivateHosts = section.bool("private_hosts", default: allowsPrivateHosts)
        onError = section.choice("on_error", default: onError)
        hold = section.choice("hold", default: hold)
        encodesVariables = section.bool("encode_variables", default: encodesVariables)
        evaluatesFragments = section.bool("evaluate_fragments", default: evaluatesFragments)
        fetchableInlines = section.bool("fetchable_inlines", default: fetchableInlines)
        hiddenCookies = section.strings("hidden_cookies") ?? hiddenCookies
        geoDatabase = section.optionalString("geo_database")
        compiledBytes = section.bytes("compiled_bytes", default: compiledBytes, in: 0...1 << 40)
        readFragments(section)
        readPage(section)
        section.finish()
    }

    private mutating func readFragments(_ section: YAMLSection) {
        lookAheadBytes = section.bytes("look_ahead_bytes", default: lookAheadBytes, in: 0...1 << 30)
        maxHeldBytes = section.bytes("max_held_bytes", default: maxHeldBytes, in: 0...1 << 30)
        maxIncludes = section.integer("max_includes", default: maxIncludes, in: 0...100_000)
        maxParallelFetches = section.integer("max_parallel_fetches", default: maxParallelFetches, in: 1...10_000)
        maxDepth = section.integer("max_depth", default: maxDepth, in: 0...100)
        maxRedirects = section.integer("max_redirects", default: maxRedirects, in: 0...100)
        maxFragmentBytes = section.bytes("max_fragment_bytes", default: maxFragmentBytes, in: 1...1 << 40)
        maxDecodedBytes = section.bytes("max_decoded_bytes", default: maxDecodedBytes, in: 1...1 << 40)
        maxDecodedRatio = section.integer("max_decoded_ratio", default: maxDecodedRatio, in: 1...1_000_000)
        maxBufferedBytes = section.bytes("max_buffered_bytes", default: maxBufferedBytes, in: 1 << 16...1 << 40)
        maxOutputBytes = section.bytes("max_output_bytes", default: maxOutputBytes, in: 1...1 << 50)
        fragmentMilliseconds = section.milliseconds(
            "fragment_timeout_ms", default: fragmentMilliseconds, in: 1...86_400_000)
        pageMilliseconds = section.milliseconds("page_timeout_ms", default: pageMilliseconds, in: 1...86_400_000)
    }

    private mutating func readPage(_ section: YAMLSection) {
        maxSteps = section.integer("max_steps", default: maxSteps, in: 1...1_000_000_000)
        maxIterations = section.integer("max_iterations", default: maxIterations, in: 0...1_000_000_000)
        maxCallDepth = section.integer("max_call_depth", default: maxCallDepth, in: 0...100)
        maxVariables = section.integer("max_variables", default: maxVariables, in: 0...1_000_000)
        maxItems = section.integer("max_items", default: maxItems, in: 1...10_000_000)
        maxTextBytes = section.bytes("max_text_bytes", default: maxTextBytes, in: 1...1 << 30)
        maxMatchSteps = section.integer("max_match_steps", default: maxMatchSteps, in: 1...1_000_000_000)
        maxTagBytes = section.bytes("max_tag_bytes", default: maxTagBytes, in: 64...1 << 30)
        maxElementBytes = section.bytes("max_element_bytes", default: maxElementBytes, in: 64...1 << 30)
        maxNesting = section.integer("max_nesting", default: maxNesting, in: 1...10_000)
        maxExpressionBytes = section.bytes("max_expression_bytes", default: maxExpressionBytes, in: 16...1 << 24)
        maxExpressionDepth = section.integer("max_expression_depth", default: maxExpressionDepth, in: 1...200)
        maxAddedFields = section.integer("max_added_fields", default: maxAddedFields, in: 0...10_000)
    }
}
