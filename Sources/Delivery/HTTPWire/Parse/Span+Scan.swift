/// Scans that the parsers live on.
extension Span where Element == UInt8 {
    /// First octet that may not occur inside a field value: a control other than tab, or DEL. `count` if there is none.
    @inline(__always)
    func firstControl(from start: Int) -> Int {
        var index = start
        while index < count {
            let byte = self[index]
            if byte < 0x20 ? byte != 0x09 : byte == 0x7F { return index }
            index += 1
        }
        return count
    }
}
