import Edge

/// Keeps other sites' pages away from an API that is open to everyone on this machine, their browsers included.
///
/// A page can name a host of its own that resolves to 127.0.0.1 (DNS rebinding), and can send forms and simple requests
/// anywhere (cross-site request forgery). Browsers tell both in `Host` and `Origin`, and in `Sec-Fetch-Site` where a page
/// asks for a picture or a script, without `Origin`.
enum BrowserGuard {
    /// - Throws: 403 where the host is a name other than localhost, or the request is another host's page's.
    static func check(_ request: HTTPRequest) throws(APIError) {
        guard isLocal(request.host) else {
            throw APIError(
                403, "foreign_host",
                "without management.token only localhost and addresses are served, not host \(request.host)")
        }
        if let origin = request.header("Origin"), let host = request.header("Host"),
            origin != "http://\(host)", origin != "https://\(host)"
        {
            throw APIError(403, "foreign_origin", "without management.token pages of \(origin) are not served")
        }
        if let site = request.header("Sec-Fetch-Site"), site != "same-origin", site != "none" {
            throw APIError(403, "foreign_site", "without management.token other sites' pages are not served")
        }
    }

    /// An address, or a name that never leaves this machine (RFC 6761, 6.3). Names and addresses are told apart by the
    /// last label: no top-level domain begins with a digit.
    static func isLocal(_ host: String) -> Bool {
        let name = host.lowercased()
        if name.hasPrefix("[") || name.contains(":") || name == "localhost" || name.hasSuffix(".localhost") {
            return true
        }
        return name.split(separator: ".").last?.utf8.first.map { (0x30...0x39).contains($0) } ?? true
    }
}
