import Bytes

/// Finds the fields of one record of RFC 4180: quotes around a field, two quotes for one within, line ends within quotes.
struct CSVScanner {
    /// A field of the record at work.
    struct Piece {
        /// Without the quotes around it.
        var range: Range<Int>
        /// Quotes within stand twice.
        var hasDoubledQuotes = false
        /// Stood in quotes, so an empty one is an empty string and not a missing value.
        var isQuoted = false
    }

    enum Outcome {
        /// The record's fields; it ends, with its line end, at the offset.
        case record(end: Int)
        /// The text ends within the record.
        case incomplete
        /// After a field in quotes there is neither a delimiter nor a line end. What is after the line end is at the
        /// offset.
        case malformed(end: Int)
    }

    let delimiter: UInt8
    private(set) var pieces: [Piece] = []

    init(delimiter: UInt8) {
        self.delimiter = delimiter
    }

    /// - Parameter isLast: nothing comes after `text`, so its end ends the record.
    mutating func scan(_ text: Span<UInt8>, from start: Int, isLast: Bool) -> Outcome {
        pieces.removeAll(keepingCapacity: true)
        var index = start
        while true {
            let next: Int
            if index < text.count, text[index] == UInt8(ascii: "\"") {
                guard let end = quoted(text, from: index + 1) else {
                    return isLast ? .malformed(end: text.count) : .incomplete
                }
                next = end
                if next == text.count, !isLast { return .incomplete }
            } else {
                next = plainEnd(text, from: index)
                if next == text.count, !isLast { return .incomplete }
                pieces.append(Piece(range: index..<next))
            }
            if next == text.count { return .record(end: next) }
            switch text[next] {
            case delimiter: index = next + 1
            case 0x0a: return .record(end: next + 1)
            case 0x0d:
                if next + 1 == text.count { return isLast ? .record(end: next + 1) : .incomplete }
                if text[next + 1] == 0x0a { return .record(end: next + 2) }
                return .malformed(end: (text.firstIndex(of: 0x0a, from: next) ?? text.count - 1) + 1)
            default: return .malformed(end: (text.firstIndex(of: 0x0a, from: next) ?? text.count - 1) + 1)
            }
        }
    }

    private func plainEnd(_ text: Span<UInt8>, from start: Int) -> Int {
        var index = start
        while index < text.count {
            let byte = text[index]
            if byte == delimiter || byte == 0x0a { return index }
            if byte == 0x0d, index + 1 == text.count || text[index + 1] == 0x0a { return index }
            index += 1
        }
        return index
    }

    /// - Returns: the offset after the closing quote; `nil` when there is none.
    private mutating func quoted(_ text: Span<UInt8>, from start: Int) -> Int? {
        var index = start
        var doubled = false
        while let quote = text.firstIndex(of: UInt8(ascii: "\""), from: index) {
            if quote + 1 < text.count, text[quote + 1] == UInt8(ascii: "\"") {
                doubled = true
                index = quote + 2
                continue
            }
            pieces.append(Piece(range: start..<quote, hasDoubledQuotes: doubled, isQuoted: true))
            return quote + 1
        }
        return nil
    }

    /// Appends the field's text, one quote for each two.
    static func append(_ piece: Piece, of text: Span<UInt8>, to buffer: inout [UInt8]) {
        var start = piece.range.lowerBound
        while start < piece.range.upperBound {
            guard piece.hasDoubledQuotes,
                let quote = text.extracting(..<piece.range.upperBound).firstIndex(of: UInt8(ascii: "\""), from: start)
            else { break }
            buffer.append(contentsOf: text.extracting(start...quote))
            start = quote + 2
        }
        if start < piece.range.upperBound { buffer.append(contentsOf: text.extracting(start..<piece.range.upperBound)) }
    }
}
