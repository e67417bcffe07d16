import Columns
import SQL
import Synchronization

/// A table whose rows are a function of their number, so that any of them can be made alone, with any of its columns,
/// and always the same.
protocol RowGenerator: Sendable {
    var schema: Schema { get }
    var rowCount: Int { get }
    /// One column of some of the rows.
    ///
    /// - Parameter index: of the column in `schema`.
    func column(_ index: Int, rows: Range<Int>) -> Column
}

/// Hands out a generator's rows, piece by piece, to one reader or to several.
final class GeneratedScan: SharedScan {
    private static let batchRows = 4_096

    private let generator: any RowGenerator
    private let columns: [Int]
    private let schema: Schema
    private let next = Atomic<Int>(0)

    /// - Parameter schema: the columns wanted. Those that the generator doesn't have are null.
    init(_ generator: any RowGenerator, schema: Schema) {
        self.generator = generator
        self.schema = schema
        self.columns = schema.fields.map { generator.schema.index(of: $0.name) ?? -1 }
    }

    func makeSource() -> any BatchSource { GeneratedSource(self) }

    fileprivate func take() -> Batch? {
        let first = next.add(Self.batchRows, ordering: .relaxed).oldValue
        guard first < generator.rowCount else { return nil }
        let rows = first..<min(first + Self.batchRows, generator.rowCount)
        let made = columns.enumerated().map { place, index in
            index < 0
                ? Column.nulls(schema.fields[place].type, count: rows.count) : generator.column(index, rows: rows)
        }
        return Batch(schema: schema, rowCount: rows.count, columns: made)
    }
}

private final class GeneratedSource: BatchSource {
    private let scan: GeneratedScan
    private(set) var progress = ScanProgress()

    init(_ scan: GeneratedScan) { self.scan = scan }

    func next() throws(SQLError) -> Batch? {
        guard let batch = scan.take() else { return nil }
        progress.rows += batch.rowCount
        progress.bytes += batch.memoryBytes
        return batch
    }
}

/// Columns from functions of a row's number.
enum GeneratedColumn {
    @inline(__always)
    static func integers(_ rows: Range<Int>, _ type: FieldType = .int64, _ value: (Int) -> Int64) -> Column {
        let values = [Int64](capacity: rows.count) { output in
            for row in rows { output.append(value(row)) }
        }
        return Column(type: type, count: rows.count, validity: nil, storage: .int64(values))
    }

    /// - Parameter append: adds the row's text to the bytes.
    @inline(__always)
    static func texts(
        _ rows: Range<Int>, _ type: FieldType = .string, _ append: (Int, inout [UInt8]) -> Void
    ) -> Column {
        var strings = ByteStrings()
        strings.offsets.reserveCapacity(rows.count + 1)
        var bytes: [UInt8] = []
        for row in rows {
            append(row, &bytes)
            strings.offsets.append(UInt32(bytes.count))
        }
        strings.bytes = bytes
        return Column(type: type, count: rows.count, validity: nil, storage: .byteStrings(strings))
    }

    /// - Parameter code: which of `values` the row has.
    @inline(__always)
    static func words(_ rows: Range<Int>, _ values: ByteStrings, _ code: (Int) -> Int) -> Column {
        let codes = [UInt32](capacity: rows.count) { output in
            for row in rows { output.append(UInt32(code(row))) }
        }
        return Column(
            type: .string, count: rows.count, validity: nil, storage: .dictionary(codes: codes, values: values))
    }
}
