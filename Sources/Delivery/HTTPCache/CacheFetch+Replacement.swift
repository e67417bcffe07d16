import HTTPWire

/// RFC 9111 §4.3.3: a full response takes the place of the one that is stored, also where it can't be stored itself.
extension CacheFetch {
    /// Takes out what a response that isn't stored replaces, so that neither `stale-while-revalidate`, an origin that
    /// fails later nor a start brings it back. Before the fetch ends, for who waits looks again then.
    func replaceStored(status: Int) {
        guard let old = stored ?? completes, CachePolicy.tellsWhatIsThere(status) else { return }
        cache.dropReplaced(old, key: key)
    }

    /// Whether the response would have been stored but for what it says itself. Others don't lose theirs by what one
    /// client asks for itself.
    func mayReplace(_ request: RequestHead, status: Int) -> Bool {
        // What is fresh was asked about because this client wants it: only what is said of the page itself counts.
        if reason == .request, status != 404, status != 410 { return false }
        guard request.method == .get, !request.block.contains(.authorization) else { return false }
        return !request.block.contains(.cacheControl) || !CacheControl(request.block).flags.contains(.noStore)
    }
}

extension CachePolicy {
    /// Whether a final status says what is at the URL now. That of an origin that fails doesn't, nor does one that is
    /// about the request alone, its fields, conditions, range or rate, which any client can bring about.
    static func tellsWhatIsThere(_ status: Int) -> Bool {
        switch status {
        case 206, 304, 400, 406, 407, 408, 411...417, 421, 425, 426, 428, 429, 431: false
        default: (200..<500).contains(status)
        }
    }
}
