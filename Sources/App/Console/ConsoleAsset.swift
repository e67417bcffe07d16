/// One file of the console.
public struct ConsoleAsset: Sendable {
    /// Value of `Content-Type`.
    public let contentType: String
    /// The file's bytes.
    public let body: [UInt8]
    /// Strong entity tag, quoted, as `ETag` carries it (RFC 9110 section 8.8.3): it changes with the content.
    public let etag: String

    init(path: String, content: [UInt8]) {
        body = content
        contentType =
            switch path.split(separator: ".").last {
            case "html": "text/html; charset=utf-8"
            case "css": "text/css; charset=utf-8"
            case "js": "text/javascript; charset=utf-8"
            case "svg": "image/svg+xml"
            default: "application/octet-stream"
            }
        // FNV-1a, 64 bits: versions of our own files are told apart, nobody is kept from forging one.
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        for byte in content { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
        etag = "\"\(String(hash, radix: 16))-\(String(content.count, radix: 16))\""
    }
}
