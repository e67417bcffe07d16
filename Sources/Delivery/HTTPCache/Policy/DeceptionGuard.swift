import HTTPWire

/// Web cache deception (Gil 2017; Mirheidari et al., USENIX Security 2020): an attacker has a victim ask for
/// `/account/x.css`, the origin answers with the account, and a cache that goes by the extension keeps it for all. This cache goes
/// by what the response says; where that is wrong, or a rule outweighs it, a page under the name of a style sheet gives it away.
enum DeceptionGuard {
    /// Of files that no page, and no data of a user, is named by.
    private static let extensions: Set<[UInt8]> = Set(
        [
            "7z", "avi", "avif", "bmp", "bz2", "class", "css", "doc", "docx", "eot", "exe", "flac", "gif", "gz", "ico",
            "jar",
            "jpeg", "jpg", "js", "m4a", "m4v", "mid", "midi", "mjs", "mkv", "mov", "mp3", "mp4", "mpeg", "mpg", "ogg",
            "otf",
            "pdf", "png", "ppt", "pptx", "rar", "svg", "svgz", "swf", "tar", "tif", "tiff", "ttf", "wasm", "wav",
            "webm",
            "webp", "woff", "woff2", "xls", "xlsx", "zip", "zst",
        ].map { Array($0.utf8) })
    private static let longest = 5

    /// Whether a response is a page, or data, and its URL ends as that of a file does.
    static func suspects(_ request: RequestHead, _ response: ResponseHead) -> Bool {
        guard (200..<300).contains(response.status), let type = response.block.value(of: .contentType) else {
            return false
        }
        let path = request.slice(request.path)
        var name: [UInt8] = []
        if PlainPath.isPlain(path) {
            appendExtension(of: path, to: &name)
        } else {
            // Rules that go by the path read it so.
            var plain: [UInt8] = []
            PlainPath.append(path, to: &plain)
            appendExtension(of: plain.span, to: &name)
        }
        return extensions.contains(name) && isPage(type)
    }

    /// In lower case; nothing where there is none, or one that is too long.
    private static func appendExtension(of path: Span<UInt8>, to name: inout [UInt8]) {
        var dot = path.count
        repeat { dot -= 1 } while dot >= 0 && path[dot] != 0x2E && path[dot] != 0x2F && path.count - dot <= longest + 1
        guard dot > 0, path[dot] == 0x2E, path.count - dot - 1 <= longest else { return }
        for index in (dot + 1)..<path.count { name.append(path[index] &- 0x41 < 26 ? path[index] | 0x20 : path[index]) }
    }

    private static func isPage(_ type: Span<UInt8>) -> Bool {
        var end = 0
        while end < type.count, type[end] != 0x3B, type[end] != 0x20, type[end] != 0x09 { end += 1 }
        let bare = type.extracting(0..<end)
        return bare.equalsIgnoringCase("text/html") || bare.equalsIgnoringCase("application/xhtml+xml")
            || bare.equalsIgnoringCase("application/json")
            // RFC 6839 §3.1
            || bare.count > 5 && bare.extracting((bare.count - 5)...).equalsIgnoringCase("+json")
    }
}
