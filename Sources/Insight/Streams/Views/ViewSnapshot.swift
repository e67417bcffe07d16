import Bytes
public import Columns
public import SQL

/// What a materialised view holds at one moment. Never changed, so read from any thread without a lock.
public final class ViewSnapshot: Sendable {
    public let fields: [PlanField]
    /// The columns that tell rows apart; none where nothing does.
    public let keyFields: [PlanField]
    public let rowCount: Int
    let keys: [Int]
    /// Rows that are the same are one with its number, in the last column.
    let isCounted: Bool
    /// The newest first: a key is what the first of them says that knows it.
    let layers: [ViewLayer]

    init(fields: [PlanField], keys: [Int], isCounted: Bool, rowCount: Int, layers: [ViewLayer]) {
        self.fields = fields
        self.keys = keys
        self.keyFields = isCounted ? [] : keys.map { fields[$0] }
        self.isCounted = isCounted
        self.rowCount = rowCount
        self.layers = layers
    }

    public var byteCount: Int { layers.reduce(0) { $0 + $1.byteCount } }

    // MARK: Keys

    /// Whether there is a row whose one key column is this address.
    public func contains(_ address: IPAddress) -> Bool {
        guard keys.count == 1 else { return false }
        let key = keys[0]
        return isThere(ViewLayer.hash(address)) { layer, row in
            guard case .ip(let values) = layer.rows.columns[key].storage else { return false }
            return values[row] == address && !layer.rows.columns[key].isNull(row)
        }
    }

    /// Whether there is a row whose one key column is this number, or time in microseconds.
    public func contains(_ number: Int64) -> Bool {
        guard keys.count == 1 else { return false }
        let key = keys[0]
        return isThere(ViewLayer.hash(UInt64(bitPattern: number))) { layer, row in
            guard case .int64(let values) = layer.rows.columns[key].storage else { return false }
            return values[row] == number && !layer.rows.columns[key].isNull(row)
        }
    }

    /// Whether there is a row whose one key column is this text, byte for byte.
    public func contains(_ bytes: Span<UInt8>) -> Bool {
        guard keys.count == 1 else { return false }
        let key = keys[0]
        return isThere(ValueHash.hash(bytes)) { layer, row in
            guard let value = layer.rows.columns[key].bytes(row), value.count == bytes.count else { return false }
            for (index, byte) in value.enumerated() where bytes[index] != byte { return false }
            return true
        }
    }

    @inline(__always)
    private func isThere(_ hash: UInt64, _ matches: (ViewLayer, Int) -> Bool) -> Bool {
        for layer in layers {
            if let row = layer.find(hash, { matches(layer, $0) }) { return layer.isThere(row) }
        }
        return false
    }

    /// The row of a key as people write it.
    ///
    /// - Parameter texts: a text for each key column.
    /// - Returns: one row, or `nil`.
    /// - Throws: `invalid_query` for another number of values; `evaluation` where a text is no value of its column.
    public func row(key texts: [String]) throws(SQLError) -> Batch? {
        guard !keyFields.isEmpty, texts.count == keys.count else {
            let names = keyFields.map(\.name).joined(separator: ", ")
            throw SQLError(
                code: .invalidQuery,
                message: keyFields.isEmpty
                    ? "the view has no key" : "the key is \(names), and \(texts.count) values are given")
        }
        var columns: [Column] = []
        for (field, text) in zip(keyFields, texts) {
            let literal = BoundExpression.literal(.bytes(Array(text.utf8)), type: .varchar)
            let value = field.type == .varchar ? literal : .cast(literal, to: field.type, isTry: false)
            let one = Batch(schema: Schema([]), rowCount: 1, columns: [])
            columns.append(try RowExpression(value).evaluate(one, EvaluationContext(now: 0)))
        }
        let hash = ViewLayer.hashes(columns, rowCount: 1)[0]
        for layer in layers {
            let found = layer.find(hash) { row in
                zip(keys, columns).allSatisfy { layer.rows.columns[$0].isSame(row, as: $1, 0) }
            }
            if let found { return layer.isThere(found) ? shown(layer.rows.slice(found..<found + 1)) : nil }
        }
        return nil
    }

    // MARK: Rows

    /// All rows, in no order.
    public var batches: [Batch] {
        var batches: [Batch] = []
        for (depth, layer) in layers.enumerated() {
            let rows = (0..<layer.count).filter { row in
                layer.isThere(row) && !layers[..<depth].contains { $0.find(like: layer, row) != nil }
            }
            if rows.count == layer.count {
                batches.append(shown(layer.rows))
            } else if !rows.isEmpty {
                batches.append(shown(layer.rows.select(rows: rows.map { UInt32($0) })))
            }
        }
        return batches
    }

    private func shown(_ rows: Batch) -> Batch {
        let plain = Batch(
            schema: Schema(planFields: fields), rowCount: rows.rowCount,
            columns: Array(rows.columns.prefix(fields.count)))
        guard isCounted, let counts = rows.columns.last?.int64s else { return plain }
        guard counts.contains(where: { $0 > 1 }) else { return plain }
        return plain.select(
            rows: counts.enumerated().flatMap { row, count in Array(repeating: UInt32(row), count: Int(count)) })
    }
}
