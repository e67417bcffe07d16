/// Bytes of a representation that a partial response has (RFC 9111 §3.3, §3.4): ranges in order that neither overlap nor
/// touch each other.
struct PartialContent: Sendable, Equatable {
    private(set) var ranges: [Range<UInt64>] = []
    /// Those of the ranges, one behind the other.
    private(set) var bytes: [UInt8] = []
    /// Of the whole.
    let length: UInt64

    private init(length: UInt64) { self.length = length }

    /// Nil if there is nothing, or some of it lies beyond the whole.
    init?(_ bytes: [UInt8], at start: UInt64, length: UInt64) {
        guard !bytes.isEmpty, start < length, UInt64(bytes.count) <= length - start else { return nil }
        self.length = length
        self.bytes = bytes
        ranges = [start..<start + UInt64(bytes.count)]
    }

    var isWhole: Bool { ranges == [0..<length] }

    /// The bytes that are missing, if they are one run.
    var gap: Range<UInt64>? {
        switch ranges.count {
        case 1 where ranges[0].lowerBound == 0 && !isWhole: ranges[0].upperBound..<length
        case 1 where ranges[0].upperBound == length && !isWhole: 0..<ranges[0].lowerBound
        case 2 where ranges[0].lowerBound == 0 && ranges[1].upperBound == length:
            ranges[0].upperBound..<ranges[1].lowerBound
        default: nil
        }
    }

    func holds(_ range: Range<UInt64>) -> Bool {
        ranges.contains { $0.lowerBound <= range.lowerBound && range.upperBound <= $0.upperBound }
    }

    /// Where in ``bytes`` a position of the whole is; nil if it is missing.
    func offset(of position: UInt64) -> UInt64? {
        var before: UInt64 = 0
        for range in ranges {
            if range.contains(position) { return before + position - range.lowerBound }
            before += UInt64(range.count)
        }
        return nil
    }

    /// The bytes before and behind the gap.
    func bytes(around gap: Range<UInt64>) -> (before: [UInt8], behind: [UInt8]) {
        let middle = ranges.first?.lowerBound == 0 ? Int(gap.lowerBound) : 0
        return (Array(bytes[..<middle]), Array(bytes[middle...]))
    }

    /// This with a newer part of the same representation, which counts where both have a byte. The older bytes are left
    /// out if they would be too many with the new ones, or in too many pieces.
    func adding(_ part: PartialContent, maximumRanges: Int, maximumBytes: Int) -> PartialContent {
        guard part.length == length, part.ranges.count == 1 else { return part }
        let new = part.ranges[0]
        var out = PartialContent(length: length)
        out.append(self, below: new.lowerBound)
        out.append(new, part.bytes[...])
        out.append(self, from: new.upperBound)
        return out.ranges.count <= maximumRanges && out.bytes.count <= maximumBytes ? out : part
    }

    private mutating func append(_ other: PartialContent, below limit: UInt64) {
        for range in other.ranges where range.lowerBound < limit {
            append(other, range.lowerBound..<min(range.upperBound, limit))
        }
    }

    private mutating func append(_ other: PartialContent, from start: UInt64) {
        for range in other.ranges where range.upperBound > start {
            append(other, max(range.lowerBound, start)..<range.upperBound)
        }
    }

    private mutating func append(_ other: PartialContent, _ range: Range<UInt64>) {
        guard let offset = other.offset(of: range.lowerBound) else { return }
        append(range, other.bytes[Int(offset)..<Int(offset) + range.count])
    }

    private mutating func append(_ range: Range<UInt64>, _ part: ArraySlice<UInt8>) {
        if let last = ranges.last, last.upperBound == range.lowerBound {
            ranges[ranges.count - 1] = last.lowerBound..<range.upperBound
        } else {
            ranges.append(range)
        }
        bytes.append(contentsOf: part)
    }
}
