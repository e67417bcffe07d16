public import HTTPWire

/// Dictionaries that the edge knows and the language does not.
public enum ESIDictionary: Sendable {
    /// `GEO{…}`: where the client is.
    case geography
    /// `TRAFFIC_INFO{…}`: how busy the page's site is.
    case trafficInfo
}

/// The request that a page answers, as far as pages may see it.
public struct ESIRequest: Sendable {
    public var block: HeaderBlock
    public var method: [UInt8]
    public var isHTTPS: Bool
    /// With the port where the client named one.
    public var host: [UInt8]
    /// Never empty.
    public var path: [UInt8]
    /// Without the question mark.
    public var query: [UInt8]?
    /// Made where a page asks for it.
    let clientAddress: @Sendable () -> [UInt8]
    /// Seconds since 1970.
    public var now: Int64
    /// For `$rand`.
    public var seed: UInt64
    /// Asked for members of `GEO` and `TRAFFIC_INFO`; nil where they are unknown.
    public var lookUp: (@Sendable (ESIDictionary, [UInt8]) -> [UInt8]?)?

    public init(
        block: HeaderBlock, method: [UInt8], isHTTPS: Bool, host: [UInt8], path: [UInt8], query: [UInt8]?,
        clientAddress: @autoclosure @escaping @Sendable () -> [UInt8], now: Int64, seed: UInt64
    ) {
        self.block = block
        self.method = method
        self.isHTTPS = isHTTPS
        self.host = host
        self.path = path.isEmpty ? [0x2F] : path
        self.query = query
        self.clientAddress = clientAddress
        self.now = now
        self.seed = seed
    }
}
