import Columns
import SQL

/// `UNNEST`: each row once for each element of its list, with the element behind it.
struct Unnest: StatelessOperator {
    private let list: UnnestedList
    private let expression: RowExpression
    private let schema: Schema
    private let context: EvaluationContext

    /// - Parameter schema: of the output: the input's columns, then the list's parts.
    init(list: UnnestedList, schema: Schema, context: EvaluationContext) throws(SQLError) {
        self.list = list
        self.expression = try RowExpression(list.expression)
        self.schema = schema
        self.context = context
    }

    mutating func process(_ batch: Batch, output: inout [Batch]) throws(SQLError) {
        let lists = try expression.evaluate(batch, context)
        var piece = Piece()
        for row in 0..<batch.rowCount {
            let before = piece.count
            if list.isCount {
                try repeatRow(row, lists, batch, &piece, &output)
            } else if let text = lists.bytes(row) {
                JSONElements.forEach(in: Array(text).span) { key, value in
                    piece.append(row: row, key: key, value: value, place: Int64(piece.count - before + 1))
                }
            }
            if piece.count == before, list.keepsEmpty { piece.append(row: row, key: nil, value: nil, place: nil) }
            if piece.count >= Batch.usualRowCount { flush(&piece, batch, &output) }
        }
        flush(&piece, batch, &output)
    }

    private func repeatRow(
        _ row: Int, _ counts: Column, _ batch: Batch, _ piece: inout Piece, _ output: inout [Batch]
    ) throws(SQLError) {
        guard !counts.isNull(row), let count = counts.int64s?[row], count > 0 else { return }
        for _ in 0..<count {
            piece.append(row: row, key: nil, value: nil, place: nil)
            if piece.count >= Batch.usualRowCount { flush(&piece, batch, &output) }
        }
    }

    private func flush(_ piece: inout Piece, _ batch: Batch, _ output: inout [Batch]) {
        guard piece.count > 0 else { return }
        let rows = batch.select(rows: piece.rows)
        let parts = list.parts.map { piece.column($0) }
        output.append(Batch(schema: schema, rowCount: piece.count, columns: rows.columns + parts))
        piece = Piece()
    }

    /// The rows that come out next.
    private struct Piece {
        private(set) var rows: [UInt32] = []
        private var keys = ByteStrings()
        private var hasKey: [Bool] = []
        private var values = ByteStrings()
        private var hasValue: [Bool] = []
        private var places: [Int64?] = []

        var count: Int { rows.count }

        mutating func append(row: Int, key: [UInt8]?, value: [UInt8]?, place: Int64?) {
            rows.append(UInt32(row))
            keys.append(key ?? [])
            hasKey.append(key != nil)
            values.append(value ?? [])
            hasValue.append(value != nil)
            places.append(place)
        }

        func column(_ part: UnnestedList.Part) -> Column {
            switch part {
            case .key:
                Column(type: .string, count: count, validity: Self.validity(hasKey), storage: .byteStrings(keys))
            case .value:
                Column(type: .json, count: count, validity: Self.validity(hasValue), storage: .byteStrings(values))
            case .place:
                Column(
                    type: .int64, count: count, validity: Self.validity(places.map { $0 != nil }),
                    storage: .int64(places.map { $0 ?? 0 }))
            }
        }

        private static func validity(_ isThere: [Bool]) -> Bitmap? {
            guard isThere.contains(false) else { return nil }
            var bits = Bitmap(repeating: true, count: isThere.count)
            for (row, value) in isThere.enumerated() where !value { bits[row] = false }
            return bits
        }
    }
}
