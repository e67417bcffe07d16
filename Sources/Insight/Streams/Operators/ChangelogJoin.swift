import Columns
import SQL

/// A live join whose answers may be taken back: an outer one without a bound on time, or one over an input that changes.
/// A row of an outer side that meets none is answered with nulls at once, and taken back when it does.
///
/// A row is held for its time to live; what was answered of it stays when it goes.
final class ChangelogJoin: Stage {
    private static let goneRows = 4_096

    private let kind: JoinKind
    private let keys: [[RowExpression]]
    private let keyTypes: [FieldType]
    private let residual: RowExpression?
    /// Of the columns of both sides, and of the output.
    private let pairSchema: Schema
    private let schema: Schema
    private let inputChanges: [Bool]
    private let timesToLive: [Int64?]
    private let context: EvaluationContext
    private let next: StageInput
    private let account: MemoryAccount
    private let deadLetters: DeadLetters?

    private var table: GroupTable
    private var sides: [JoinRows]
    private var watermarks: [Int64] = [.min, .min]
    private var isClosed = [false, false]
    private var announced = Int64.min
    private var charged = 0

    /// - Parameters:
    ///   - inputChanges: whether the left and the right side have kinds.
    ///   - pairSchema: of the columns of both sides.
    ///   - schema: of the answer, without kinds.
    ///   - timesToLive: of each side, microseconds of event time; `nil` for ever.
    ///   - deadLetters: where rows and pairs go that an expression fails on; `nil` where the query fails then.
    init(
        _ join: JoinSpecification, schemas: [Schema], inputChanges: [Bool], pairSchema: Schema, schema: Schema,
        timesToLive: [Int64?], context: EvaluationContext, account: MemoryAccount, next: StageInput,
        deadLetters: DeadLetters? = nil
    ) throws(SQLError) {
        self.deadLetters = deadLetters
        self.kind = join.kind
        var keys: [[RowExpression]] = [[], []]
        for key in join.leftKeys { keys[0].append(try RowExpression(key)) }
        for key in join.rightKeys { keys[1].append(try RowExpression(key)) }
        self.keys = keys
        self.keyTypes = join.leftKeys.map(\.type.fieldType)
        var residual: RowExpression?
        if let condition = join.residual { residual = try RowExpression(condition) }
        self.residual = residual
        self.inputChanges = inputChanges
        self.pairSchema = pairSchema
        self.schema = schema.changing
        self.timesToLive = timesToLive
        self.context = context
        self.next = next
        self.account = account
        self.table = GroupTable(types: keyTypes)
        self.sides = schemas.map { JoinRows(schema: $0) }
    }

    override var name: String { "JOIN" }
    override var keeps: String? {
        let times = timesToLive.map { time in time.map { "for \(DurationText.of($0)) of event time" } ?? "for good" }
        return "the rows of both sides, "
            + (times[0] == times[1] ? times[0] : "\(times[0]), those of the right \(times[1])")
    }
    override var downstream: Stage? { next.stage }
    override var isSatisfied: Bool { next.stage.isSatisfied }
    override var lateRows: Int { next.stage.lateRows }
    override var sampledOutRows: Int { next.stage.sampledOutRows }

    /// A semi or an anti join: rows of the left side, for those of the right that they meet.
    private var answersLeftAlone: Bool { kind == .semi || kind == .anti }

    private func isKept(_ side: Int) -> Bool { side == 0 ? kind.keepsLeft : kind.keepsRight }

    // MARK: Rows

    override func accept(_ batch: Batch, port: Int) throws(SQLError) {
        guard batch.rowCount > 0 else { return }
        guard let deadLetters else { return try take(batch, port: port) }
        let pieces = try deadLetters.pieces(of: batch, step: "the keys of \(name)") { piece throws(SQLError) in
            for key in keys[port] { _ = try key.evaluate(piece, context) }
        }
        for piece in pieces { try take(piece, port: port) }
    }

    private func take(_ batch: Batch, port: Int) throws(SQLError) {
        let width = sides[port].schema.count
        let kinds =
            inputChanges[port] ? batch.changeKinds : Array(repeating: ChangeKind.insert, count: batch.rowCount)
        let rows = Batch(
            schema: sides[port].schema, rowCount: batch.rowCount, columns: Array(batch.columns.prefix(width)))
        let numbers = try keyNumbers(rows, port: port)
        let partners = try partners(rows, numbers, port: port)
        let expiry = expiry(port)
        let number = sides[port].hold(rows)
        var output = JoinChanges()
        let meetings = Self.split(partners.places, by: partners.rows, rowCount: rows.rowCount)
        var row = 0
        while row < rows.rowCount {
            let places = meetings[row]
            let isReplaced =
                kinds[row] == .updateBefore && row + 1 < rows.rowCount && kinds[row + 1] == .updateAfter
                && numbers[row] == numbers[row + 1] && places.elementsEqual(meetings[row + 1])
            if !kinds[row].isAddition, numbers[row] > 0 {
                sides[port].remove(like: rows, row: row, key: numbers[row])
            }
            let added = isReplaced ? row + 1 : row
            if kinds[added].isAddition, numbers[added] > 0 {
                sides[port].add(
                    number, row: added, key: numbers[added], expiry: expiry, matches: Int32(places.count))
            }
            if isReplaced {
                replace(row, places, port: port, to: &output)
            } else if kinds[row].isAddition {
                add(row, places, port: port, to: &output)
            } else {
                takeBack(row, places, port: port, to: &output)
            }
            row = added + 1
            if output.kinds.count >= Batch.usualRowCount { try flush(&output, rows, port: port) }
        }
        try flush(&output, rows, port: port)
        if goneCount > max(Self.goneRows, sides[0].count + sides[1].count) { try rebuild() }
        try charge()
    }

    /// What belongs to each row.
    private static func split(_ places: [Int], by rows: [UInt32], rowCount: Int) -> [ArraySlice<Int>] {
        var next = 0
        return (0..<rowCount).map { row in
            let first = next
            while next < rows.count, Int(rows[next]) == row { next += 1 }
            return places[first..<next]
        }
    }

    private var goneCount: Int { sides[0].goneCount + sides[1].goneCount }

    private func add(_ row: Int, _ places: ArraySlice<Int>, port: Int, to output: inout JoinChanges) {
        let other = 1 - port
        if answersLeftAlone {
            if port == 0, places.isEmpty == (kind == .anti) { output.append(.insert, row, nil) }
            guard port == 1 else {
                for place in places { _ = sides[other].count(1, at: place) }
                return
            }
            for place in places where sides[other].count(1, at: place) == 1 {
                output.append(kind == .semi ? .insert : .delete, nil, place)
            }
            return
        }
        if places.isEmpty {
            if isKept(port) { output.append(.insert, row, nil) }
            return
        }
        for place in places {
            if sides[other].count(1, at: place) == 1, isKept(other) { output.append(.delete, nil, place) }
            output.append(.insert, row, place)
        }
    }

    private func takeBack(_ row: Int, _ places: ArraySlice<Int>, port: Int, to output: inout JoinChanges) {
        let other = 1 - port
        if answersLeftAlone {
            if port == 0, places.isEmpty == (kind == .anti) { output.append(.delete, row, nil) }
            guard port == 1 else {
                for place in places { _ = sides[other].count(-1, at: place) }
                return
            }
            for place in places where sides[other].count(-1, at: place) == 0 {
                output.append(kind == .semi ? .delete : .insert, nil, place)
            }
            return
        }
        if places.isEmpty {
            if isKept(port) { output.append(.delete, row, nil) }
            return
        }
        for place in places {
            output.append(.delete, row, place)
            if sides[other].count(-1, at: place) == 0, isKept(other) { output.append(.insert, nil, place) }
        }
    }

    /// An update of a row that meets after it what it met before: the answers are updated, nothing is alone in between.
    private func replace(_ row: Int, _ places: ArraySlice<Int>, port: Int, to output: inout JoinChanges) {
        func update(_ place: Int?) {
            output.append(.updateBefore, row, place)
            output.append(.updateAfter, row + 1, place)
        }
        if answersLeftAlone {
            // Whom a row of the right meets is what counts, not what else it says.
            if port == 0, places.isEmpty == (kind == .anti) { update(nil) }
        } else if places.isEmpty {
            if isKept(port) { update(nil) }
        } else {
            for place in places { update(place) }
        }
    }

    private func expiry(_ side: Int) -> Int64 {
        let watermark = min(watermarks[0], watermarks[1])
        guard let timeToLive = timesToLive[side], watermark != .min else { return .max }
        let (time, overflow) = watermark.addingReportingOverflow(timeToLive)
        return overflow ? .max : time
    }

    private func keyColumns(_ batch: Batch, port: Int) throws(SQLError) -> [Column] {
        var columns: [Column] = []
        for key in keys[port] { columns.append(try key.evaluate(batch, context)) }
        return columns
    }

    private func keyNumbers(_ batch: Batch, port: Int) throws(SQLError) -> [UInt32] {
        let columns = try keyColumns(batch, port: port)
        var numbers = table.groups(of: columns, rowCount: batch.rowCount).map { $0 + 1 }
        for column in columns {
            guard let validity = column.validity else { continue }
            for row in numbers.indices where !validity[row] { numbers[row] = 0 }
        }
        return numbers
    }

    /// The rows of the other side that each row makes a pair with, in the order of the rows.
    private func partners(
        _ batch: Batch, _ numbers: [UInt32], port: Int
    ) throws(SQLError) -> (rows: [UInt32], places: [Int]) {
        var rows: [UInt32] = []
        var places: [Int] = []
        for (row, number) in numbers.enumerated() {
            let first = places.count
            sides[1 - port].forEach(key: number) { place in
                rows.append(UInt32(row))
                places.append(place)
            }
            places[first...].reverse()
        }
        guard let residual, !rows.isEmpty else { return (rows, places) }
        let pairs = Batch(
            schema: pairSchema, rowCount: rows.count,
            columns: columns(rows.map { Int($0) }, places, batch, port: port))
        let kept = try DeadLetters.select(deadLetters, pairs, by: residual, step: "ON of \(name)", context)
        guard let kept else { return (rows, places) }
        return (kept.map { rows[Int($0)] }, kept.map { places[Int($0)] })
    }

    /// The columns of pairs; null where a side is missing.
    private func columns(_ rows: [Int?], _ places: [Int?], _ batch: Batch, port: Int) -> [Column] {
        var mine: [Column] = []
        for (index, field) in sides[port].schema.fields.enumerated() {
            var builder = ColumnBuilder(type: field.type, capacity: rows.count)
            for row in rows {
                if let row { builder.append(batch.columns[index], row: row) } else { builder.appendNull() }
            }
            mine.append(builder.finish())
        }
        var theirs: [Column] = []
        for (index, field) in sides[1 - port].schema.fields.enumerated() {
            var builder = ColumnBuilder(type: field.type, capacity: places.count)
            for place in places {
                if let place {
                    sides[1 - port].append(place, column: index, to: &builder)
                } else {
                    builder.appendNull()
                }
            }
            theirs.append(builder.finish())
        }
        return port == 0 ? mine + theirs : theirs + mine
    }

    private func flush(_ output: inout JoinChanges, _ batch: Batch, port: Int) throws(SQLError) {
        guard !output.kinds.isEmpty else { return }
        var columns = columns(output.rows, output.places, batch, port: port)
        if answersLeftAlone { columns = Array(columns.prefix(sides[0].schema.count)) }
        columns.append(ChangeColumn.make(output.kinds))
        let changes = Batch(schema: schema, rowCount: output.kinds.count, columns: columns)
        output = JoinChanges()
        try next.stage.accept(changes, port: next.port)
    }

    /// What a batch changes in the pairs: rows of the batch, and places of the other side.
    private struct JoinChanges {
        var kinds: [ChangeKind] = []
        var rows: [Int?] = []
        var places: [Int?] = []

        mutating func append(_ kind: ChangeKind, _ row: Int?, _ place: Int?) {
            kinds.append(kind)
            rows.append(row)
            places.append(place)
        }
    }

    // MARK: Time

    override func advance(watermark: Int64, port: Int) throws(SQLError) {
        guard watermark > watermarks[port] else { return }
        let isFirst = min(watermarks[0], watermarks[1]) == .min
        watermarks[port] = watermark
        let least = min(watermarks[0], watermarks[1])
        if isFirst, least != .min {
            for side in 0..<2 where timesToLive[side] != nil { sides[side].begin(expiry: expiry(side)) }
        }
        for side in 0..<2 { sides[side].expire(through: least, isTold: true) }
        if goneCount > max(Self.goneRows, sides[0].count + sides[1].count) { try rebuild() }
        try charge()
        try announce()
    }

    override func close(port: Int) throws(SQLError) {
        isClosed[port] = true
        watermarks[port] = .max
        if isClosed[1 - port] {
            try next.stage.close(port: next.port)
        } else {
            try announce()
        }
    }

    private func announce() throws(SQLError) {
        let time = min(watermarks[0], watermarks[1])
        guard time > announced, time != .max else { return }
        announced = time
        try next.stage.advance(watermark: time, port: next.port)
    }

    /// Numbers the keys of what is left anew, so that keys of the past take no memory.
    private func rebuild() throws(SQLError) {
        let remaining = sides.map { $0.remaining() }
        table = GroupTable(types: keyTypes)
        for side in 0..<2 {
            sides[side] = sides[side].emptied()
            for part in remaining[side] {
                sides[side].add(
                    part.batch, keys: try keyNumbers(part.batch, port: side), expiries: part.expiries,
                    matches: part.matches, numbers: part.numbers)
            }
        }
    }

    private func charge() throws(SQLError) {
        let bytes = sides[0].bytes + sides[1].bytes + table.byteCount
        guard bytes != charged else { return }
        try account.charge(bytes - charged, for: name)
        charged = bytes
    }

    // MARK: State

    private static let sideNames = ["left", "right"]

    override func saveState(into state: inout OperatorState) throws(SQLError) {
        for (side, name) in Self.sideNames.enumerated() {
            state[number: "\(name) watermark"] = watermarks[side]
            sides[side].save(into: &state, as: name)
        }
        state[number: "announced"] = announced
    }

    override func savedKeys(of table: String, _ rows: Batch) throws(SQLError) -> [Column] {
        let columns = try keyColumns(rows, port: table == Self.sideNames[0] ? 0 : 1)
        return keyPlaces.map { columns[$0] }
    }

    override func joined(_ states: [OperatorState]) -> OperatorState {
        OperatorState(joining: JoinRows.renumbered(states, Self.sideNames))
    }

    override func loadState(from state: OperatorState) throws(SQLError) -> [String] {
        for (side, name) in Self.sideNames.enumerated() {
            watermarks[side] = state[number: "\(name) watermark"] ?? .min
            var rows = sides[side]
            try rows.load(from: state, as: name, willHold: { table.reserve($0) }) { (rows) throws(SQLError) in
                try keyNumbers(rows, port: side)
            }
            sides[side] = rows
        }
        announced = state[number: "announced"] ?? .min
        try charge()
        return []
    }
}
