public import ESI
public import Geography

/// Which pages the edge assembles, and how.
public struct EdgeESISettings: Sendable {
    /// Origins are told that the edge does ESI, and pages whose answers ask for it are assembled.
    public var isEnabled = false
    /// Lower-case names of hosts whose pages are assembled although their answers do not ask; `*` for all.
    public var processedHosts: [String] = []
    /// Media types of such pages.
    public var processedTypes = ["text/html"]
    /// Memory for compiled pages, for each worker.
    public var compiledBytes = 32 << 20
    /// Bytes that a page or fragment may stand for that comes compressed…
    public var maximumDecodedBytes = 64 << 20
    /// …and how many of them one of its bytes, once a megabyte came out.
    public var maximumDecodedRatio = 250
    /// What `GEO` is answered from.
    public var geography: GeoDatabase?
    /// Everything about one page.
    public var page = ESISettings()

    public init() {}
}
