import Columns
import SQL

/// The first rows of each partition, by `ROW_NUMBER`, `RANK` or `DENSE_RANK`, over an input without end in any order: what
/// has changed is answered after each batch. Deduplication that keeps the last row is the first row, latest first.
///
/// Over an input that only adds rows, those beyond the bound are forgotten; over one that takes rows back, one of them may
/// come up again, so all are kept.
struct UpdatingTop: ~Copyable, StreamOperator {
    /// Rows that nothing needs any more before the others are put together anew, beside as many as are needed.
    private static let slack = 4_096

    private let layout: OverLayout
    private let inputChanges: Bool
    private let schema: Schema
    /// A partition has one row: it takes the place of the one before.
    private let isSingle: Bool
    private var groups: GroupTable
    /// The rows of each partition, in the order they came.
    private var places: [[UInt32]] = []
    private var store: [OverValueStore] = []
    private var storedRows = 0
    private var keptRows = 0
    /// When each partition was touched last.
    private var touched: [Int64] = []
    private var timeToLive: TimeToLive?

    /// - Parameters:
    ///   - schema: of the output, with kinds.
    ///   - timeToLive: of a partition that nothing touches, microseconds of event time; `nil` for ever.
    init(layout: OverLayout, inputChanges: Bool, schema: Schema, timeToLive: Int64?) {
        self.layout = layout
        self.inputChanges = inputChanges
        self.schema = schema
        self.timeToLive = timeToLive.map { TimeToLive(microseconds: $0) }
        isSingle = layout.limit?.ranking == .rowNumber && layout.limit?.count == 1
        groups = GroupTable(types: layout.partitionTypes)
        store = layout.inputSchema.fields.map { OverValueStore(type: $0.type) }
    }

    var keeps: String? {
        let rows = inputChanges ? "all rows" : "the first \(layout.limit?.count ?? 0) rows of each partition"
        guard let timeToLive else { return rows + ", for good" }
        return rows + ", for \(DurationText.of(timeToLive.microseconds)) of event time after the last of a partition"
    }

    var stateBytes: Int {
        var total = groups.byteCount + touched.capacity * 8 + places.capacity * 40 + keptRows * 4
        for column in store { total += column.byteCount }
        return total
    }

    mutating func process(_ batch: Batch, output: inout [Batch]) throws(SQLError) {
        let count = layout.inputSchema.count
        let added = Batch(
            schema: layout.inputSchema, rowCount: batch.rowCount, columns: Array(batch.columns[..<count]))
        let numbers = groups.groups(of: try layout.partitionKeys(added), rowCount: added.rowCount)
        places.grow(to: groups.count, filling: [])
        touched.grow(to: groups.count, filling: .min)
        let now = timeToLive?.now ?? .min
        var changed = Set<UInt32>()
        var known: [UInt32] = []
        var owners: [UInt32] = []
        for number in numbers where changed.insert(number).inserted {
            touched[Int(number)] = now
            known += places[Int(number)]
            owners += repeatElement(number, count: places[Int(number)].count)
        }
        let before = stored(known)
        let all = before.rowCount == 0 ? added : Batch.concatenate([before, added])
        owners += numbers
        var isThere = [Bool](repeating: true, count: all.rowCount)
        if inputChanges { takeBack(all, owners, batch.changeKinds, from: before.rowCount, &isThere) }
        let rows = (0..<UInt32(all.rowCount)).filter { isThere[Int($0)] }
        let after = try OverEvaluation.answer(rows.count == all.rowCount ? all : all.select(rows: rows), layout)
        let earlier = before.rowCount == 0 ? nil : try OverEvaluation.answer(before, layout)
        let wanted = after.rows.map { rows[Int($0)] }
        emit(earlier, after, wanted, owners, to: &output)
        keep(all, owners, inputChanges ? rows : wanted.sorted(), known, of: changed)
        if storedRows > 2 * keptRows + Self.slack { compact() }
    }

    /// Marks the rows that are taken back, the latest of those that are the same. What was forgotten can't be.
    private func takeBack(
        _ all: Batch, _ owners: [UInt32], _ kinds: [ChangeKind], from first: Int, _ isThere: inout [Bool]
    ) {
        var table = GroupTable(types: all.schema.fields.map(\.type) + [.int64])
        let owner = Column.integers(owners.map { Int64($0) })
        let same = table.groups(of: all.columns + [owner], rowCount: all.rowCount)
        var rows: [UInt32: [Int]] = [:]
        for row in 0..<first { rows[same[row], default: []].append(row) }
        for (index, kind) in kinds.enumerated() where kind.isAddition {
            rows[same[first + index], default: []].append(first + index)
        }
        for (index, kind) in kinds.enumerated() where !kind.isAddition {
            isThere[first + index] = false
            if let gone = rows[same[first + index]]?.popLast() { isThere[gone] = false }
        }
    }

    // MARK: Changes

    /// What is different between two answers, partition by partition.
    ///
    /// - Parameters:
    ///   - wanted: the row of each of the later answer, those of the earlier answer standing first.
    private func emit(
        _ earlier: OverEvaluation.Answer?, _ later: OverEvaluation.Answer, _ wanted: [UInt32], _ owners: [UInt32],
        to output: inout [Batch]
    ) {
        let count = earlier?.batch.rowCount ?? 0
        let source = earlier.map { Batch.concatenate([$0.batch, later.batch]) } ?? later.batch
        let old = Self.ranges(earlier?.rows.map { owners[Int($0)] } ?? [])
        let new = Self.ranges(wanted.map { owners[Int($0)] })
        let places = earlier.map { Dictionary(uniqueKeysWithValues: zip($0.rows, 0..<count)) } ?? [:]
        var changes = ChangeRows(capacity: source.rowCount)
        for owner in Set(old.keys).union(new.keys).sorted() {
            let before = old[owner] ?? 0..<0
            let after = new[owner] ?? 0..<0
            if layout.calls.isEmpty, !isSingle {
                // Without the rank a row that stays is the same wherever it stands.
                var stays = Set<Int>()
                var come: [Int] = []
                for row in after {
                    if let place = places[wanted[row]] { stays.insert(place) } else { come.append(count + row) }
                }
                for row in before where !stays.contains(row) { changes.delete(row) }
                for row in come { changes.insert(row) }
                continue
            }
            for index in 0..<max(before.count, after.count) {
                if index >= after.count {
                    changes.delete(before.lowerBound + index)
                } else if index >= before.count {
                    changes.insert(count + after.lowerBound + index)
                } else {
                    let (left, right) = (before.lowerBound + index, count + after.lowerBound + index)
                    let isSame = source.columns.allSatisfy { $0.isSame(left, as: $0, right) }
                    if !isSame { changes.update(left, to: right) }
                }
            }
        }
        changes.emit(source, schema: schema, to: &output)
    }

    /// The runs of equal owners.
    private static func ranges(_ owners: [UInt32]) -> [UInt32: Range<Int>] {
        var ranges: [UInt32: Range<Int>] = [:]
        var start = 0
        for row in owners.indices where row + 1 == owners.count || owners[row + 1] != owners[row] {
            ranges[owners[row]] = start..<row + 1
            start = row + 1
        }
        return ranges
    }

    // MARK: Rows

    private func stored(_ places: [UInt32]) -> Batch {
        let rows = places.map { Int($0) }
        return Batch(
            schema: layout.inputSchema, rowCount: rows.count, columns: store.map { $0.column(rows) })
    }

    /// Keeps the `rows` of the partitions that changed, in the order they came; those that were known stay where they are.
    private mutating func keep(
        _ all: Batch, _ owners: [UInt32], _ rows: [UInt32], _ known: [UInt32], of changed: Set<UInt32>
    ) {
        for number in changed {
            keptRows -= places[Int(number)].count
            places[Int(number)].removeAll(keepingCapacity: true)
        }
        var new: [UInt32] = []
        for row in rows {
            let place: UInt32
            if Int(row) < known.count {
                place = known[Int(row)]
            } else {
                place = UInt32(storedRows + new.count)
                new.append(row)
            }
            places[Int(owners[Int(row)])].append(place)
        }
        keptRows += rows.count
        guard !new.isEmpty else { return }
        for index in store.indices { store[index].append(all.columns[index].select(rows: new)) }
        storedRows += new.count
    }

    /// Puts the rows that are kept together anew, and forgets partitions that have none.
    private mutating func compact() {
        let rows = stored(places.flatMap { $0 })
        let owners = places.enumerated().flatMap { repeatElement(UInt32($0.offset), count: $0.element.count) }
        let keys = groups.keys().map { $0.select(rows: owners) }
        let times = owners.map { touched[Int($0)] }
        replace(rows, keys, times)
    }

    private mutating func replace(_ rows: Batch, _ keys: [Column], _ times: [Int64]) {
        groups = GroupTable(types: layout.partitionTypes)
        store = layout.inputSchema.fields.map { OverValueStore(type: $0.type) }
        (places, touched, storedRows, keptRows) = ([], [], rows.rowCount, rows.rowCount)
        for index in store.indices { store[index].append(rows.columns[index]) }
        let numbers = groups.groups(of: keys, rowCount: rows.rowCount)
        places.grow(to: groups.count, filling: [])
        touched.grow(to: groups.count, filling: .min)
        for (row, number) in numbers.enumerated() {
            places[Int(number)].append(UInt32(row))
            touched[Int(number)] = max(touched[Int(number)], times[row])
        }
    }

    // MARK: Time and checkpoints

    mutating func onWatermark(_ watermark: Int64, output: inout [Batch]) throws(SQLError) {
        let isFirst = timeToLive?.now == .min
        guard let horizon = timeToLive?.advance(to: watermark) else { return }
        if isFirst { for number in touched.indices { touched[number] = watermark } }
        // Without a word, as groups do: what was answered holds.
        for number in places.indices where touched[number] <= horizon && !places[number].isEmpty {
            keptRows -= places[number].count
            places[number] = []
        }
        if storedRows > 2 * keptRows + Self.slack { compact() }
    }

    func saveState(into state: inout OperatorState) throws(SQLError) {
        state[number: "watermark"] = timeToLive?.now
        let owners = places.enumerated().flatMap { repeatElement(UInt32($0.offset), count: $0.element.count) }
        guard !owners.isEmpty else { return }
        let rows = stored(places.flatMap { $0 })
        let times = Column.integers(owners.map { touched[Int($0)] })
        state.append(
            [Batch(schema: savedSchema, rowCount: owners.count, columns: rows.columns + [times])], as: "rows")
    }

    func savedKeys(_ places: [Int], of table: String, _ rows: Batch) throws(SQLError) -> [Column] {
        let keys = try layout.partitionKeys(rows)
        return places.map { keys[$0] }
    }

    mutating func loadState(from state: OperatorState) throws(SQLError) -> [String] {
        if let watermark = state[number: "watermark"], watermark != .min { timeToLive?.resume(at: watermark) }
        let batches = state.batches("rows")
        guard !batches.isEmpty else { return [] }
        let rows = Batch.concatenate(batches)
        // Earlier ones have the times in a table beside them.
        let isJoined = rows.schema == savedSchema
        guard isJoined || rows.schema == layout.inputSchema else {
            throw SQLError(code: .stateMismatch, message: "the first rows were saved of other columns")
        }
        let times =
            isJoined
            ? rows.columns.last?.int64s ?? [] : state.batches("times").flatMap { $0.columns.first?.int64s ?? [] }
        guard times.count == rows.rowCount else { throw StateCodec.damaged("the times of the first rows") }
        let first = Batch(
            schema: layout.inputSchema, rowCount: rows.rowCount, columns: Array(rows.columns.prefix(store.count)))
        replace(first, try layout.partitionKeys(first), times)
        return []
    }

    private var savedSchema: Schema { Schema(layout.inputSchema.fields + [Field("$touched", .int64)]) }
}
