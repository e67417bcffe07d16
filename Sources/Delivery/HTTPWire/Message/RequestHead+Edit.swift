import Bytes

/// Changes that a proxy makes to a request on its way.
extension RequestHead {
    /// Gives the request another path, and another query where the new target has a question mark; otherwise it keeps the
    /// one it has. The old ranges stay readable.
    /// - Returns: false, with nothing changed, where it is no path: without a slash in front, with a blank, a control or a
    ///   `#`, or over 64 KiB.
    @discardableResult
    public mutating func retarget(_ target: Span<UInt8>) -> Bool {
        guard target.count > 0, target[0] == 0x2F, target.count <= 65_535 else { return false }
        for index in target.indices where target[index] <= 0x20 || target[index] == 0x7F || target[index] == 0x23 {
            return false
        }
        let mark = target.firstIndex(of: 0x3F)
        let start = block.bytes.count
        block.bytes.append(contentsOf: target)
        let pathEnd = start + (mark ?? target.count)
        if mark == nil, hasQuery {
            let old = query
            block.bytes.append(0x3F)
            let queryStart = block.bytes.count
            block.bytes.append(contentsOf: Array(block.bytes[old.range]))
            query = ByteRange(queryStart, block.bytes.count)
        } else if mark != nil {
            query = ByteRange(pathEnd + 1, block.bytes.count)
            hasQuery = true
        }
        path = ByteRange(start, pathEnd)
        return true
    }

    /// Gives the request another query; nil takes it away, with its question mark.
    /// - Precondition: it has no blanks and no controls, as one that came in a request has none.
    public mutating func setQuery(_ text: Span<UInt8>?) {
        let old = path
        let start = block.bytes.count
        block.bytes.append(contentsOf: old.isEmpty ? [0x2F] : Array(block.bytes[old.range]))
        path = ByteRange(start, block.bytes.count)
        guard let text else {
            hasQuery = false
            query = ByteRange(block.bytes.count, block.bytes.count)
            return
        }
        block.bytes.append(0x3F)
        query = ByteRange(block.bytes.count, block.bytes.count + text.count)
        block.bytes.append(contentsOf: text)
        hasQuery = true
    }
}
