/// What happened outside.
public enum ESIEvent: Sendable {
    /// The next part of the page is compiled.
    case page(ESIProgram)
    case pageEnded
    /// The page broke off.
    case pageFailed(ESIFault)
    /// A fragment was there whole, with a status of 2xx.
    case fragment(Int, ESIFragment)
    /// A fragment's answer began.
    /// - Parameter location: where a redirect leads.
    /// - Parameter isESI: whether the answer asks to be evaluated.
    case fragmentHead(Int, status: Int, location: [UInt8]?, isESI: Bool)
    case fragmentBody(Int, ArraySlice<UInt8>)
    /// A fragment is whole; compiled where the cache had it so.
    case fragmentEnded(Int, compiled: ESIPage?)
    case fragmentFailed(Int, ESIFault)
    /// The page's own time is over.
    case timeOver
    /// The client takes no more for now, or takes more again.
    case clientIsFull, clientTakesMore
}

/// A fragment that came whole.
public struct ESIFragment: Sendable {
    public var status: Int
    public var bytes: ArraySlice<UInt8>
    /// Its answer asks to be evaluated.
    public var isESI: Bool
    /// Where the cache had it so; asked for only where it is evaluated, see ``ESIFetch/evaluation``.
    public var compiled: ESIPage?

    public init(status: Int, bytes: ArraySlice<UInt8>, isESI: Bool, compiled: ESIPage?) {
        self.status = status
        self.bytes = bytes
        self.isESI = isESI
        self.compiled = compiled
    }
}

/// What to do outside, in order.
public enum ESIAction: Sendable {
    /// To fetch something; the number names it in events and actions.
    case fetch(Int, ESIFetch)
    /// Text of the page that may answer requests for this URL of the page's own host.
    case publish(ESIURL, [UInt8])
    /// Nobody wants the fragment any more.
    case cancel(Int)
    /// Too much waits for an earlier fragment.
    case pause(Int)
    case resume(Int)
    case head(ESIHead)
    case output(ArraySlice<UInt8>)
    /// All is out.
    case end
    /// The page failed; where no head went out yet, an error page can.
    case fail(ESIFault)
}

/// The head of the assembled page.
public struct ESIHead: Sendable {
    /// Nil for the page's own.
    public var status: Int?
    public var addedFields: [(name: [UInt8], value: [UInt8])]
    /// `$add_cachebusting_header` was called.
    public var isUncacheable: Bool
    /// Length of the body where it is known: a page that was replaced.
    public var length: Int?

    init(status: Int?, addedFields: [(name: [UInt8], value: [UInt8])], isUncacheable: Bool, length: Int?) {
        self.status = status
        self.addedFields = addedFields
        self.isUncacheable = isUncacheable
        self.length = length
    }

    /// Changes nothing.
    public init() { self.init(status: nil, addedFields: [], isUncacheable: false, length: nil) }
}

/// What a page did, for its event.
public struct ESISummary: Sendable {
    public var includes = 0
    public var failedIncludes = 0
    public var fragmentBytes: Int64 = 0
    public var outputBytes = 0
    public var steps = 0
    /// Errors, handled or not, by code.
    public var faults: [String: Int] = [:]
    public var firstFault: ESIFault?
    /// What guards and bounds said no to.
    public var refusals = 0
}
