import Bytes
import Columns
import SQL

/// Decimals of more digits than their column is declared with become null: their physical type knows the digits behind
/// the point alone, and what computes with them relies on the declared ones.
struct DeclaredDigits: StatelessOperator {
    private struct Limit {
        let column: Int
        /// The magnitudes of the values are below it.
        let units: Int128
    }

    private let limits: [Limit]

    /// `nil` where no column is a decimal of fewer digits than all decimals have.
    init?(_ types: [SQLType]) {
        var limits: [Limit] = []
        for (column, type) in types.enumerated() {
            guard case .decimal(let precision, _) = type, precision < FieldType.maximumDecimalDigits else { continue }
            limits.append(Limit(column: column, units: PowersOfTen.int128[precision]))
        }
        if limits.isEmpty { return nil }
        self.limits = limits
    }

    mutating func process(_ batch: Batch, output: inout [Batch]) throws(SQLError) {
        var columns = batch.columns
        var isChanged = false
        for limit in limits {
            guard let limited = columns[limit.column].limited(below: limit.units) else { continue }
            columns[limit.column] = limited
            isChanged = true
        }
        output.append(
            isChanged ? Batch(schema: batch.schema, rowCount: batch.rowCount, columns: columns) : batch)
    }
}

extension Column {
    /// With nulls for what is not below `limit` in magnitude; `nil` where all is.
    fileprivate func limited(below limit: Int128) -> Column? {
        guard case .decimal(let values) = storage else { return nil }
        var isBeyond = false
        for value in values where value >= limit || value <= -limit {
            isBeyond = true
            break
        }
        guard isBeyond else { return nil }
        var validity = validity ?? Bitmap(repeating: true, count: count)
        for row in values.indices where values[row] >= limit || values[row] <= -limit { validity[row] = false }
        return Column(type: type, count: count, validity: validity, storage: storage)
    }
}
