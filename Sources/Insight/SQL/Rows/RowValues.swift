public import Columns
import Patterns

/// A table that conditions ask whether a value is among its keys, such as a materialised view. One belongs to one
/// thread. Each answer is nil where there is no such table, which SQL sees as NULL.
public protocol RowTable: AnyObject {
    func contains(text: Span<UInt8>) -> Bool?
    func contains(integer: Int64) -> Bool?
    func contains(address: IPAddress) -> Bool?
}

/// The values of one row, for ``RowProgram``: numbers in place, texts as ranges of buffers that are lent for the time.
/// Reused from row to row. Confined to its thread.
public struct RowValues: ~Copyable {
    /// Where a text lies.
    public enum Buffer: UInt8, Sendable, BitwiseCopyable {
        case first, second
        /// The values' own memory, for texts that are made; see ``make(_:_:)``.
        case own
    }

    enum Kind: UInt8 { case null, integer, double, text, address }

    struct Slot: BitwiseCopyable {
        static let null = Slot(kind: .null, buffer: .own, low: 0, high: 0)

        var kind: Kind
        var buffer: Buffer
        /// A number, the offset of a text, the lower half of an address.
        var low: UInt64
        /// The length of a text, the upper half of an address.
        var high: UInt64

        var integer: Int64 { Int64(bitPattern: low) }
        var double: Double { Double(bitPattern: low) }
        var range: Range<Int> { Int(low)..<Int(low &+ high) }
        var address: IPAddress { IPAddress(high: high, low: low) }
    }

    /// Lent texts; give them back as empty arrays, or who owns them has to copy before a change.
    public var first: [UInt8] = []
    public var second: [UInt8] = []
    /// Microseconds since 1970, what `CURRENT_TIMESTAMP` is.
    public var now: Int64 = 0
    /// By the number that a program was given for the table's name.
    public var tables: [any RowTable] = []
    var own: [UInt8] = []
    var slots: [Slot] = []
    var matcher: PatternMatcher

    /// - Parameter matchLimit: backtracking steps that one regular expression may take.
    public init(matchLimit: UInt32 = 100_000) {
        matcher = PatternMatcher(matchLimit: matchLimit)
    }

    /// Forgets the texts that were made.
    /// - Parameter slots: the most that one of the programs has.
    public mutating func begin(slots count: Int) {
        own.removeAll(keepingCapacity: true)
        if slots.count < count { slots.append(contentsOf: repeatElement(.null, count: count - slots.count)) }
    }

    public mutating func setNull(_ column: Int) { slots[column] = .null }

    /// An integer, or a time in microseconds.
    public mutating func set(_ column: Int, _ value: Int64) {
        slots[column] = Slot(kind: .integer, buffer: .own, low: UInt64(bitPattern: value), high: 0)
    }

    public mutating func set(_ column: Int, _ value: Bool) { set(column, value ? 1 : 0) }

    public mutating func set(_ column: Int, _ value: IPAddress) {
        slots[column] = Slot(kind: .address, buffer: .own, low: value.low, high: value.high)
    }

    public mutating func set(_ column: Int, _ buffer: Buffer, _ range: Range<Int>) {
        slots[column] = Slot(
            kind: .text, buffer: buffer, low: UInt64(range.lowerBound), high: UInt64(range.count))
    }

    /// A text that is nowhere yet: what `write` appends.
    public mutating func make(_ column: Int, _ write: (inout [UInt8]) -> Void) {
        let start = own.count
        write(&own)
        set(column, .own, start..<own.count)
    }

    @_lifetime(borrow self)
    func text(_ slot: Slot) -> Span<UInt8> {
        switch slot.buffer {
        case .first: first.span.extracting(slot.range)
        case .second: second.span.extracting(slot.range)
        case .own: own.span.extracting(slot.range)
        }
    }
}
