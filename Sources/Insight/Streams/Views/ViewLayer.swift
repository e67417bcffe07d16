import Columns

/// Rows of a view with an index by key, never changed. A row is of a key that is there, or says that the key is gone.
final class ViewLayer: Sendable {
    let rows: Batch
    /// By row; empty where none is.
    let isGone: [Bool]
    private let keys: [Int]
    private let hashes: [UInt64]
    /// Open addressing: the row plus 1, 0 for none.
    private let slots: [UInt32]
    private let mask: Int

    /// - Parameters:
    ///   - rows: each key once.
    ///   - keys: columns of the rows.
    init(rows: Batch, keys: [Int], isGone: [Bool]) {
        self.rows = rows
        self.keys = keys
        self.isGone = isGone.contains(true) ? isGone : []
        self.hashes = Self.hashes(keys.map { rows.columns[$0] }, rowCount: rows.rowCount)
        var size = 16
        while size < rows.rowCount * 2 { size *= 2 }
        var slots = [UInt32](repeating: 0, count: size)
        mask = size - 1
        for (row, hash) in hashes.enumerated() {
            var place = Int(truncatingIfNeeded: hash) & mask
            while slots[place] != 0 { place = (place + 1) & mask }
            slots[place] = UInt32(row + 1)
        }
        self.slots = slots
    }

    var count: Int { rows.rowCount }
    var byteCount: Int { rows.memoryBytes + hashes.count * 8 + slots.count * 4 + isGone.count }

    /// The row of a key, whether it is there or gone.
    ///
    /// - Parameter matches: whether a row has the key, of those whose hash is the same.
    @inline(__always)
    func find(_ hash: UInt64, _ matches: (Int) -> Bool) -> Int? {
        var place = Int(truncatingIfNeeded: hash) & mask
        while true {
            let slot = slots[place]
            if slot == 0 { return nil }
            let row = Int(slot) - 1
            if hashes[row] == hash, matches(row) { return row }
            place = (place + 1) & mask
        }
    }

    func isThere(_ row: Int) -> Bool { isGone.isEmpty || !isGone[row] }

    /// The row that has the key of a row of another layer.
    func find(like other: ViewLayer, _ row: Int) -> Int? {
        find(other.hashes[row]) { mine in
            keys.allSatisfy { rows.columns[$0].isSame(mine, as: other.rows.columns[$0], row) }
        }
    }

    /// One layer in the place of two.
    ///
    /// - Parameter isOldest: nothing lies below: what is gone need not be told.
    static func merged(_ newer: ViewLayer, _ older: ViewLayer, isOldest: Bool) -> ViewLayer {
        let mine = (0..<newer.count).filter { !isOldest || newer.isThere($0) }
        let theirs = (0..<older.count).filter {
            (!isOldest || older.isThere($0)) && newer.find(like: older, $0) == nil
        }
        let rows = Batch.concatenate([
            newer.rows.select(rows: mine.map { UInt32($0) }), older.rows.select(rows: theirs.map { UInt32($0) }),
        ])
        let isGone = mine.map { !newer.isThere($0) } + theirs.map { !older.isThere($0) }
        return ViewLayer(rows: rows.compacted(), keys: newer.keys, isGone: isGone)
    }

    // MARK: Hashes

    static func hash(_ address: IPAddress) -> UInt64 { ValueHash.mix(address.low ^ ValueHash.mix(address.high)) }

    static func hash(_ bits: UInt64) -> UInt64 { ValueHash.mix(bits) }

    /// Of the values of one or several columns together, by row.
    static func hashes(_ columns: [Column], rowCount: Int) -> [UInt64] {
        var all = [UInt64](repeating: 0, count: rowCount)
        for (index, column) in columns.enumerated() {
            let values: [UInt64]
            switch ValueHash.hashes(of: column) {
            case .perRow(let hashes): values = hashes
            case .perCode(let hashes, let codes): values = codes.map { hashes[Int($0)] }
            }
            for row in 0..<rowCount {
                let value = column.isNull(row) ? 0x6e75_6c6c : values[row]
                all[row] = index == 0 ? value : ValueHash.mix(all[row] ^ value)
            }
        }
        return all
    }
}
