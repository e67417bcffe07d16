import Columns
import SQL

/// How one column of a `datagen` table is made.
struct DatagenColumn: Sendable {
    enum Kind: Sendable {
        /// From `start` on; the first row is `start`.
        case sequence(start: Int64)
        /// Whole numbers, both ends included.
        case integers(from: Int64, span: UInt64)
        case numbers(from: Double, to: Double)
        case booleans
        /// Letters; up to `length` of them if `varies`.
        case text(length: Int, varies: Bool)
        /// Microseconds: evenly on with the rows, less a random time of at most `maximumPast`.
        case times(base: Int64, rowsPerSecond: Int, maximumPast: Int)
    }

    let name: String
    let type: FieldType
    let kind: Kind
    /// Share of rows that are null, 0…1.
    let nullRate: Double
    let random: RowRandom
    /// For nulls, and whatever else needs a second number.
    let other: RowRandom

    func make(_ rows: Range<Int>) -> Column {
        let values = values(rows)
        guard nullRate > 0 else { return values }
        var validity = Bitmap(repeating: true, count: rows.count)
        for row in rows where other.unit(row) < nullRate { validity[row - rows.lowerBound] = false }
        return Column(type: values.type, count: values.count, validity: validity, storage: values.storage)
    }

    private func values(_ rows: Range<Int>) -> Column {
        switch kind {
        case .sequence(let start):
            switch type {
            case .string, .bytes, .json:
                return GeneratedColumn.texts(rows, type) { row, bytes in
                    bytes.append(contentsOf: "\(start &+ Int64(row))".utf8)
                }
            case .float64, .decimal: return numbers(rows) { Double(start &+ Int64($0)) }
            default: return GeneratedColumn.integers(rows, type) { start &+ Int64($0) }
            }
        case .integers(let from, let span):
            return GeneratedColumn.integers(rows, type) { row in
                let bits = random.bits(row)
                let drawn = span == .max ? bits : bits.multipliedFullWidth(by: span + 1).high
                return from &+ Int64(truncatingIfNeeded: drawn)
            }
        case .numbers(let from, let to): return numbers(rows) { from + (to - from) * random.unit($0) }
        case .booleans:
            var bits = Bitmap(repeating: false, count: rows.count)
            for row in rows where random.bits(row) >> 63 == 1 { bits[row - rows.lowerBound] = true }
            return Column(type: .bool, count: rows.count, validity: nil, storage: .bool(bits))
        case .text(let length, let varies):
            return GeneratedColumn.texts(rows, type) { row, bytes in
                random.appendLetters(varies ? 1 + other.below(length, row) : length, row, to: &bytes)
            }
        case .times(let base, let rowsPerSecond, let maximumPast):
            return GeneratedColumn.integers(rows, .timestamp) { row in
                let (seconds, rest) = row.quotientAndRemainder(dividingBy: rowsPerSecond)
                let time = base + Int64(seconds) * 1_000_000 + Int64(rest * 1_000_000 / rowsPerSecond)
                return maximumPast > 0 ? time - Int64(random.below(maximumPast + 1, row)) * 1_000 : time
            }
        }
    }

    @inline(__always)
    private func numbers(_ rows: Range<Int>, _ value: (Int) -> Double) -> Column {
        if let scale = type.decimalScale {
            let values = [Int128](capacity: rows.count) { output in
                for row in rows { output.append(DecimalDouble.decimal(value(row), scale: scale) ?? 0) }
            }
            return Column(type: type, count: rows.count, validity: nil, storage: .decimal(values))
        }
        let values = [Double](capacity: rows.count) { output in
            for row in rows { output.append(value(row)) }
        }
        return Column(type: .float64, count: rows.count, validity: nil, storage: .float64(values))
    }
}
