import Bytes

/// Parses complete field lines out of a block's own bytes (RFC 9112 §5).
struct FieldLines: Sendable {
    /// What origins are forgiven and clients are not.
    var isLenient: Bool
    let names = HeaderNameTable.shared

    /// Parses the lines in `block.bytes[from..<to]`, each ended by LF; an empty line ends the work.
    func parse(_ block: inout HeaderBlock, from: Int, to: Int, limits: WireLimits) throws(WireError) {
        var position = from
        while position < to {
            let first = block.bytes[position]
            if first == 0x0D || first == 0x0A {
                guard first == 0x0A ? isLenient : block.bytes[position + 1] == 0x0A else {
                    throw WireError(.malformedField, "bare CR or LF")
                }
                return
            }
            if ByteClass.isSpace(first) {
                position = try unfold(&block, at: position)
                continue
            }
            if block.fields.count >= limits.fieldCount {
                throw WireError(.headTooLarge, status: 431, "more than \(limits.fieldCount) fields")
            }
            let (field, next) = try line(block.bytes.span, at: position)
            block.add(field)
            position = next
        }
    }

    private func line(_ bytes: Span<UInt8>, at start: Int) throws(WireError) -> (HeaderBlock.Field, next: Int) {
        guard let colon = bytes.firstIndex(of: 0x3A, from: start) else {
            throw WireError(.malformedField, "invalid field name")
        }
        var nameEnd = colon
        var id = names.find(conventional: bytes.extracting(start..<colon))
        if id == .other {
            // A proxy removes white space before the colon from a response (RFC 9112 §5.1); a request is refused.
            while isLenient, nameEnd > start, ByteClass.isSpace(bytes[nameEnd - 1]) { nameEnd -= 1 }
            let name = bytes.extracting(start..<nameEnd)
            guard name.isToken else { throw WireError(.malformedField, "invalid field name") }
            guard name.count > 0 else { throw WireError(.malformedField, "field without a name") }
            id = names.find(name)
        }
        var index = colon + 1
        while ByteClass.isSpace(bytes[index]) { index += 1 }
        let valueStart = index
        let (contentEnd, next) = try lineEnd(bytes, from: index)
        var valueEnd = contentEnd
        while valueEnd > valueStart, ByteClass.isSpace(bytes[valueEnd - 1]) { valueEnd -= 1 }
        let field = HeaderBlock.Field(
            nameOffset: UInt32(start), valueOffset: UInt32(valueStart), nameLength: UInt16(nameEnd - start),
            valueLength: UInt16(valueEnd - valueStart), id: id)
        return (field, next)
    }

    /// Finds the end of a line's content and the start of the next line. Controls inside are an error.
    private func lineEnd(_ bytes: Span<UInt8>, from: Int) throws(WireError) -> (content: Int, next: Int) {
        let end = bytes.firstIndexOfFieldEnd(from: from) ?? bytes.count
        guard end < bytes.count else { throw WireError(.malformedField, "line without end") }
        if bytes[end] == 0x0D, end + 1 < bytes.count, bytes[end + 1] == 0x0A { return (end, end + 2) }
        if bytes[end] == 0x0A, isLenient { return (end, end + 1) }
        throw WireError(.malformedField, bytes[end] == 0x0A ? "bare LF" : "control character in a field value")
    }

    /// Joins a folded line to the field before it, in place: line end and white space become blanks (RFC 9112 §5.2).
    private func unfold(_ block: inout HeaderBlock, at position: Int) throws(WireError) -> Int {
        guard isLenient, let last = block.fields.indices.last else {
            throw WireError(.malformedField, "folded field line")
        }
        let (end, next) = try lineEnd(block.bytes.span, from: position)
        let start = Int(block.fields[last].valueOffset)
        guard end - start <= 65_535 else { throw WireError(.headTooLarge, status: 431, "folded field too long") }
        var index = start + Int(block.fields[last].valueLength)
        while index < end, block.bytes[index] == 0x0D || block.bytes[index] == 0x0A || index < position {
            block.bytes[index] = 0x20
            index += 1
        }
        var valueEnd = end
        while valueEnd > start, ByteClass.isSpace(block.bytes[valueEnd - 1]) { valueEnd -= 1 }
        block.lengthenLast(to: valueEnd - start)
        return next
    }
}

extension Span<UInt8> {
    fileprivate var isToken: Bool {
        for index in indices where !ByteClass.isToken(self[index]) { return false }
        return true
    }
}
