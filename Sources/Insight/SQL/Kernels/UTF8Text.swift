import Bytes
import Columns

/// Code points of UTF-8 text. Bytes that are no valid UTF-8 count as they fall: each byte that is no continuation
/// byte begins a code point.
enum UTF8Text {
    @inline(__always)
    static func isContinuation(_ byte: UInt8) -> Bool { byte & 0xc0 == 0x80 }

    static func length(_ text: Span<UInt8>) -> Int {
        var count = text.count
        let bytes = text.bytes
        var index = 0
        while index &+ 8 <= text.count {
            // A continuation byte has its highest bit set and the next one clear.
            let word = bytes.unsafeLoadUnaligned(fromByteOffset: index, as: UInt64.self)
            count &-= (word &>> 7 & ~(word &>> 6) & 0x0101_0101_0101_0101).nonzeroBitCount
            index &+= 8
        }
        while index < text.count {
            if isContinuation(text[index]) { count &-= 1 }
            index &+= 1
        }
        return count
    }

    /// Where code point `number` (from 0) after byte `start` begins; the end where there are fewer.
    static func offset(_ text: Span<UInt8>, _ number: Int, from start: Int = 0) -> Int {
        var index = start
        var left = number
        while left > 0 && index < text.count {
            index = next(text, index)
            left -= 1
        }
        return index
    }

    @inline(__always)
    static func next(_ text: Span<UInt8>, _ index: Int) -> Int {
        var next = index &+ 1
        while next < text.count && isContinuation(text[next]) { next &+= 1 }
        return next
    }

    /// Where `needle` begins at or after byte `start`; nil when it doesn't.
    static func find(_ needle: Span<UInt8>, in text: Span<UInt8>, from start: Int = 0) -> Int? {
        let size = needle.count
        if size == 0 { return start <= text.count ? start : nil }
        if text.count < size { return nil }
        let first = needle[0]
        let last = text.count - size
        var index = start
        while index <= last {
            if text[index] == first && matches(needle, text, at: index) { return index }
            index &+= 1
        }
        return nil
    }

    @inline(__always)
    static func matches(_ needle: Span<UInt8>, _ text: Span<UInt8>, at start: Int) -> Bool {
        ByteOrder.areEqual(needle, text.extracting(start..<(start &+ needle.count)))
    }

    static func hasPrefix(_ text: Span<UInt8>, _ prefix: Span<UInt8>) -> Bool {
        text.count >= prefix.count && matches(prefix, text, at: 0)
    }

    static func hasSuffix(_ text: Span<UInt8>, _ suffix: Span<UInt8>) -> Bool {
        text.count >= suffix.count && matches(suffix, text, at: text.count - suffix.count)
    }

    static func isASCII(_ text: Span<UInt8>) -> Bool {
        var all: UInt8 = 0
        for index in 0..<text.count { all |= text[index] }
        return all < 0x80
    }
}

extension Texts {
    @inline(__always)
    func append(_ row: Int, to output: inout [UInt8]) { output.append(contentsOf: text(row)) }

    /// Bytes `part` of the row's text.
    @inline(__always)
    func append(_ row: Int, _ part: Range<Int>, to output: inout [UInt8]) {
        output.append(contentsOf: text(row).extracting(part))
    }
}
