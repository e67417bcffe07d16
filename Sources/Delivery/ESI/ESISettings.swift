/// How pages are assembled, and every bound. All counts are per page of one request unless they say otherwise.
public struct ESISettings: Sendable, Equatable {
    /// What happens where an error finds no `alt`, no `onerror` and no `attempt`.
    public enum ErrorDefault: Sendable, Equatable {
        /// The page fails: with an error status while nothing was sent, else it is broken off.
        case fail
        /// Nothing stands in its place.
        case empty
    }

    /// How long the head waits for functions that change it, such as `$set_response_code`.
    public enum Holding: Sendable, Equatable {
        /// Not at all: such functions fail.
        case none
        /// While `lookAheadBytes` of the page, or all of it, show one that is still to be evaluated.
        case lookAhead
        /// Until the page is whole, so that fragments may change the head too.
        case whole
    }

    public var errorDefault = ErrorDefault.fail
    public var holding = Holding.lookAhead
    /// Whether what comes from the client is made harmless where it goes into markup.
    public var encodesVariables = true
    /// Whether fragments without `dca` are evaluated although their answer does not ask for it.
    public var evaluatesFragments = false
    /// Hosts that fragments may come from beside the page's own; `*` for any, `*.example.com` for all under one.
    public var allowedHosts: [String] = []
    /// Whether hosts other than the page's own may be loopback, private or link-local addresses.
    public var allowsPrivateHosts = false
    /// Whether an `inline` with `fetchable="yes"` answers requests for its own URL too.
    public var publishesInlines = true
    /// Cookies that pages may not read.
    public var hiddenCookies: [String] = []

    // The parser.
    /// Bytes of one tag with its attributes.
    public var maximumTagBytes = 64 << 10
    /// Bytes of one element that must be whole before it can be evaluated, such as `choose`.
    public var maximumElementBytes = 4 << 20
    /// Elements within elements.
    public var maximumNesting = 512
    /// Bytes of one expression.
    public var maximumExpressionBytes = 16 << 10
    /// Parentheses, lists and calls within each other in one expression.
    public var maximumExpressionDepth = 64

    // Evaluation.
    /// Elements and parts of expressions evaluated.
    public var maximumSteps = 1_000_000
    /// Turns of all `foreach` together.
    public var maximumIterations = 100_000
    /// Functions of the page within each other.
    public var maximumCallDepth = 32
    public var maximumVariables = 1_000
    /// Members of one list or dictionary.
    public var maximumItems = 10_000
    /// Bytes of one value.
    public var maximumTextBytes = 1 << 20
    /// Steps of one regular expression.
    public var maximumMatchSteps: UInt32 = 100_000
    public var maximumOutputBytes = 4 << 30
    /// Fields that the page adds to the head.
    public var maximumAddedFields = 64

    // Fragments.
    public var maximumIncludes = 256
    /// Fragments in fragments.
    public var maximumDepth = 5
    /// Fetches under way at once.
    public var maximumParallelFetches = 32
    public var maximumRedirects = 3
    /// Bytes of a fragment that must be whole before it is used: evaluated, or inside `attempt`.
    public var maximumFragmentBytes = 8 << 20
    /// Bytes that wait for an earlier fragment; beyond it fetches that are not next are paused.
    public var maximumBufferedBytes = 16 << 20
    /// Time for a fragment that names no `maxwait`.
    public var fragmentMilliseconds = 10_000
    /// Time for the page with all its fragments.
    public var pageMilliseconds = 30_000

    // The head.
    /// Bytes of a page in which functions that change the head are looked for before the head goes out.
    public var lookAheadBytes = 4 << 10
    /// Bytes of output that are held back for such a function.
    public var maximumHeldBytes = 256 << 10

    public init() {}
}
