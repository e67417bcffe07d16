import Columns
import SQL

/// `JOIN`: holds the rows of both sides and meets each new row with those of the other side, whatever order they come
/// in; a semi or anti join holds rows of the left until they have met one. Rows go when the watermark says that no row can meet them any more (`JoinRetention`).
final class JoinStage: Stage, DrainingStage {
    /// Pairs that are put together at a time.
    private static let pairsAtOnce = Batch.usualRowCount
    /// Rows that are gone before the rest is put together anew.
    private static let goneRows = 4_096

    let join: JoinSpecification
    private var kind: JoinKind { join.kind }
    private let keys: [[RowExpression]]
    private let keyTypes: [FieldType]
    private let residual: RowExpression?
    let schema: Schema
    /// Of a row of each side, which the residual condition is over.
    private let pairSchema: Schema
    private let retention: JoinRetention
    let context: EvaluationContext
    let next: StageInput
    let account: MemoryAccount
    private let deadLetters: DeadLetters?
    /// What has it go on where it answers in pieces; `nil` where nobody does.
    let draining: DrainingStages?

    private var table: GroupTable
    private(set) var sides: [JoinRows]
    /// What memory doesn't hold; `nil` where it has to.
    var aside: JoinSpill?
    /// Of `NOT IN`.
    var nulls: NullAwareness?
    private var watermarks: [Int64] = [.min, .min]
    private(set) var isClosed = [false, false]
    private var announced = Int64.min
    /// Rows of windows that had closed.
    private var ownLateRows = 0
    override var stateBytes: Int { charged }
    private var charged = 0
    /// When the work at hand began, or went on.
    private var workBegan: Int64 = 0

    /// - Parameter deadLetters: where rows and pairs go that an expression fails on; `nil` where the query fails then.
    init(
        _ join: JoinSpecification, schemas: [Schema], schema: Schema, retention: JoinRetention,
        context: EvaluationContext, account: MemoryAccount, next: StageInput, deadLetters: DeadLetters? = nil,
        spill: SpillSpace? = nil, depth: Int = 0, draining: DrainingStages? = nil
    ) throws(SQLError) {
        self.join = join
        self.deadLetters = deadLetters
        var keys: [[RowExpression]] = [[], []]
        for key in join.leftKeys { keys[0].append(try RowExpression(key)) }
        for key in join.rightKeys { keys[1].append(try RowExpression(key)) }
        self.keys = keys
        self.keyTypes = join.leftKeys.map(\.type.fieldType)
        var residual: RowExpression?
        if let condition = join.residual { residual = try RowExpression(condition) }
        self.residual = residual
        self.schema = schema
        // Only the residual condition sees these, by their places.
        let pairFields = schemas.flatMap(\.fields).enumerated().map { Field("\($0)", $1.type) }
        self.pairSchema = join.kind.hasRightColumns ? schema : Schema(pairFields)
        self.nulls = join.isNullAware ? NullAwareness(types: keyTypes) : nil
        self.retention = retention
        self.context = context
        self.next = next
        self.account = account
        self.table = GroupTable(types: keyTypes)
        self.sides = schemas.map { JoinRows(schema: $0) }
        self.draining = draining
        // A null in the list of NOT IN is one for the rows of all parts.
        if let spill, case .bounded = retention, !keyTypes.isEmpty, !join.isNullAware {
            self.aside = JoinSpill(spill, depth: depth)
        }
    }

    override var name: String { kind.hasRightColumns ? "JOIN" : kind == .semi ? "SEMI JOIN" : "ANTI JOIN" }
    override var keeps: String? { "the rows of both sides, \(retention)" }
    override var downstream: Stage? { next.stage }
    override var isSatisfied: Bool { next.stage.isSatisfied }
    override var lateRows: Int { ownLateRows + next.stage.lateRows }

    override func accept(_ batch: Batch, port: Int) throws(SQLError) {
        guard batch.rowCount > 0 else { return }
        if port == JoinSpill.port { return try handOn(batch) }
        workBegan = meter.begin(batch)
        defer { meter.pause(since: workBegan) }
        guard let deadLetters else { return try take(batch, port: port) }
        let pieces = try deadLetters.pieces(of: batch, step: "the keys of \(name)") { piece throws(SQLError) in
            _ = try keyColumns(piece, port: port)
        }
        for piece in pieces { try take(piece, port: port) }
    }

    private func take(_ batch: Batch, port: Int) throws(SQLError) {
        if let aside, aside.hasBegun {
            let rows = Batch(schema: sides[port].schema, rowCount: batch.rowCount, columns: batch.columns)
            try aside.append(rows, side: port, keys: keyColumns(rows, port: port))
            return try charge()
        }
        guard let batch = inTime(batch, port: port) else { return }
        let numbers = try keyNumbers(batch, port: port)
        if port == 1 { try nulls?.add(keyColumns(batch, port: port), rowCount: batch.rowCount) }
        let other = 1 - port
        let first = sides[port].entries.count
        let watermark = min(watermarks[0], watermarks[1])
        let expiries = retention.expiries(of: batch, port: port, watermark: watermark)
        sides[port].add(batch, keys: numbers, expiries: expiries)
        try charge()
        try meet(batch, numbers, port: port, firstPlace: first)
        if sides[0].goneCount > max(Self.goneRows, sides[0].entries.count / 2) { try rebuild() }
        // A side whose other side has ended need not be held; what met none is known now.
        guard isClosed[other] else { return try putAsideIfFull() }
        try release(port, through: .max)
        try forgetKeys()
    }

    /// Without the rows whose window has closed: those they could have met may be gone, and an outer join would say that
    /// there were none.
    private func inTime(_ batch: Batch, port: Int) -> Batch? {
        let whole = Batch(schema: sides[port].schema, rowCount: batch.rowCount, columns: batch.columns)
        guard case .window = retention else { return whole }
        let watermark = min(watermarks[0], watermarks[1])
        let expiries = retention.expiries(of: whole, port: port, watermark: watermark)
        let rows = (0..<UInt32(whole.rowCount)).filter { expiries[Int($0)] > watermark }
        if rows.count == whole.rowCount { return whole }
        ownLateRows += whole.rowCount - rows.count
        return rows.isEmpty ? nil : whole.select(rows: rows)
    }

    func keyColumns(_ batch: Batch, port: Int) throws(SQLError) -> [Column] {
        var columns: [Column] = []
        for key in keys[port] { columns.append(try key.evaluate(batch, context)) }
        return columns
    }

    func keyNumbers(_ batch: Batch, port: Int) throws(SQLError) -> [UInt32] {
        let columns = try keyColumns(batch, port: port)
        var numbers = table.groups(of: columns, rowCount: batch.rowCount).map { $0 + 1 }
        for column in columns {
            guard let validity = column.validity else { continue }
            for row in numbers.indices where !validity[row] { numbers[row] = 0 }
        }
        return numbers
    }

    /// Puts the batch's rows together with those of the other side, some pairs at a time.
    private func meet(_ batch: Batch, _ numbers: [UInt32], port: Int, firstPlace: Int) throws(SQLError) {
        var rows: [UInt32] = []
        var places: [Int] = []
        if !kind.hasRightColumns, residual == nil {
            return try meetOnce(batch, numbers, port: port, firstPlace: firstPlace)
        }
        var row = 0
        while row < numbers.count {
            row = sides[1 - port].pair(numbers, from: row, until: Self.pairsAtOnce, &rows, &places)
            try emit(batch, &rows, &places, port: port, firstPlace: firstPlace)
        }
    }

    private func emit(
        _ batch: Batch, _ rows: inout [UInt32], _ places: inout [Int], port: Int, firstPlace: Int
    ) throws(SQLError) {
        var start = 0
        while start < rows.count {
            let end = min(start + Self.pairsAtOnce, rows.count)
            try emit(batch, rows[start..<end], places[start..<end], port: port, firstPlace: firstPlace)
            start = end
        }
        rows.removeAll(keepingCapacity: true)
        places.removeAll(keepingCapacity: true)
    }

    private func emit(
        _ batch: Batch, _ rows: ArraySlice<UInt32>, _ places: ArraySlice<Int>, port: Int, firstPlace: Int
    ) throws(SQLError) {
        let mine = batch.select(rows: Array(rows))
        let theirs = sides[1 - port].gather(places)
        let columns = port == 0 ? mine.columns + theirs.columns : theirs.columns + mine.columns
        var pairs = Batch(schema: pairSchema, rowCount: rows.count, columns: columns)
        var kept: [UInt32]?
        if let residual {
            kept = try DeadLetters.select(deadLetters, pairs, by: residual, step: "ON of \(name)", context)
        }
        let met = kept?.map(Int.init) ?? Array(0..<rows.count)
        guard kind.hasRightColumns else {
            let left = met.map { index in
                port == 0
                    ? firstPlace + Int(rows[rows.startIndex + index]) : places[places.startIndex + index]
            }
            return try settle(left)
        }
        for index in met where kind.keepsLeft || kind.keepsRight {
            sides[1 - port].match(places[places.startIndex + index])
            sides[port].match(firstPlace + Int(rows[rows.startIndex + index]))
        }
        if let kept { pairs = pairs.select(rows: kept) }
        if pairs.rowCount > 0 { try handOn(pairs) }
    }

    func handOn(_ batch: Batch) throws(SQLError) {
        meter.count(out: batch)
        meter.pause(since: workBegan)
        defer { workBegan = meter.resume() }
        try next.stage.accept(batch, port: next.port)
    }

    // MARK: Semi and anti joins

    /// As `meet` for what asks only whether there is a row of the other side.
    private func meetOnce(_ batch: Batch, _ numbers: [UInt32], port: Int, firstPlace: Int) throws(SQLError) {
        var left: [Int] = []
        for (row, number) in numbers.enumerated() {
            if port == 0 {
                if sides[1].has(key: number) { left.append(firstPlace + row) }
            } else if !sides[1].hasEarlier(firstPlace + row) {
                sides[0].forEach(key: number) { left.append($0) }
            }
            if left.count >= Self.pairsAtOnce {
                try settle(left)
                left = []
            }
        }
        try settle(left)
    }

    /// Rows of the left that have met one are known to be in the answer, or not to be: they go.
    private func settle(_ places: [Int]) throws(SQLError) {
        let fresh = places.filter { sides[0].drop($0) }
        guard kind == .semi else { return }
        var start = 0
        while start < fresh.count {
            let end = min(start + Self.pairsAtOnce, fresh.count)
            try handOn(sides[0].gather(fresh[start..<end]))
            start = end
        }
    }

    /// Answers rows that met none: filled up with nulls, or as they are where only the left is wanted.
    private func answer(_ alone: ArraySlice<Int>, side: Int) throws(SQLError) {
        var rows = sides[side].gather(alone)
        if kind == .anti {
            if let kept = try nulls?.certain(keyColumns(rows, port: 0), rowCount: rows.rowCount) {
                rows = rows.select(rows: kept)
            }
        } else {
            rows = padded(rows, side: side)
        }
        if rows.rowCount > 0 { try handOn(rows) }
    }

    // MARK: Time

    override func advance(watermark: Int64, port: Int) throws(SQLError) {
        guard port < 2, watermark > watermarks[port] else { return }
        workBegan = meter.begin(watermark: watermark)
        let isFirst = min(watermarks[0], watermarks[1]) == .min
        watermarks[port] = watermark
        if isFirst { beginLives() }
        for side in 0..<2 where !(isClosed[side] && retention.keepsEndedSides) {
            try release(side, through: retention.clock(watermarks, side: side))
        }
        meter.pause(since: workBegan)
        try announce()
    }

    /// What came before event time was known has its time to live from now on. A side that has ended is held for good.
    private func beginLives() {
        for side in 0..<2 where watermarks[side] != .max {
            guard let expiry = retention.firstExpiry(watermarks, side: side) else { continue }
            sides[side].begin(expiry: expiry)
        }
    }

    override func close(port: Int) throws(SQLError) {
        if port == JoinSpill.port { return }
        if let aside, aside.hasBegun {
            isClosed[port] = true
            // Both inputs have ended: the parts are joined one after the other. Of a part it is the whole join that has it
            // go on.
            if isClosed[1 - port] { draining?.add(self) }
            return
        }
        workBegan = meter.resume()
        isClosed[port] = true
        watermarks[port] = .max
        try release(1 - port, through: .max)
        if isClosed[1 - port] {
            try release(port, through: .max)
            try next.stage.close(port: next.port)
        } else {
            try announce()
        }
    }

    /// Lets go of the rows of a side that have had their time, and answers those that met none where they are wanted.
    private func release(_ side: Int, through watermark: Int64) throws(SQLError) {
        // A side that others may still meet goes by its own time; one whose other side has ended goes as a whole.
        let isWhole = watermark == .max
        if isWhole, !isClosed[1 - side] { return }
        let alone =
            isWhole
            ? sides[side].unmatched : sides[side].expire(through: watermark, isTold: retention.tellsExpired)
        if side == 0 ? kind.keepsLeft || kind == .anti : kind.keepsRight {
            var start = 0
            while start < alone.count {
                let end = min(start + Self.pairsAtOnce, alone.count)
                try answer(alone[start..<end], side: side)
                start = end
            }
        }
        if isWhole {
            sides[side] = JoinRows(schema: sides[side].schema)
        } else if sides[side].goneCount > max(Self.goneRows, sides[side].entries.count / 2) {
            try rebuild()
        }
        try charge()
    }

    private func padded(_ batch: Batch, side: Int) -> Batch {
        let nulls = sides[1 - side].schema.fields.map { Column.nulls($0.type, count: batch.rowCount) }
        return Batch(
            schema: schema, rowCount: batch.rowCount,
            columns: side == 0 ? batch.columns + nulls : nulls + batch.columns)
    }

    private func announce() throws(SQLError) {
        let time = retention.outputWatermark(watermarks)
        guard time > announced, time != .max else { return }
        announced = time
        try next.stage.advance(watermark: time, port: next.port)
    }

    /// Lets go of the keys that only rows of the past had, once they outnumber the rows that are held.
    private func forgetKeys() throws(SQLError) {
        let held = sides[0].entries.count + sides[1].entries.count
        guard table.count - held > max(Self.goneRows, held) else { return }
        try rebuild()
        try charge()
    }

    /// Numbers the keys of what is left anew, so that keys of the past take no memory.
    private func rebuild() throws(SQLError) {
        let remaining = sides.map { $0.remaining() }
        table = GroupTable(types: keyTypes)
        // Windows that have closed need not be known any more; a side that has ended is not held, but known.
        let forgetsNulls = !isClosed.contains(true)
        if forgetsNulls, nulls != nil { nulls = NullAwareness(types: keyTypes) }
        for side in 0..<2 {
            sides[side] = sides[side].emptied()
            for part in remaining[side] {
                if side == 1, forgetsNulls {
                    try nulls?.add(keyColumns(part.batch, port: side), rowCount: part.batch.rowCount)
                }
                sides[side].add(
                    part.batch, keys: try keyNumbers(part.batch, port: side), expiries: part.expiries,
                    matches: part.matches, numbers: part.numbers)
            }
        }
    }

    /// Holds rows that have met those of the other side that are held.
    func hold(_ rows: Batch, isMatched: [Bool], side: Int) throws(SQLError) {
        let expiries = Array(repeating: Int64.max, count: rows.rowCount)
        sides[side].add(
            rows, keys: try keyNumbers(rows, port: side), expiries: expiries, matches: isMatched.map { $0 ? 1 : 0 })
    }

    /// Forgets what is held.
    func forget() {
        sides = sides.map { JoinRows(schema: $0.schema) }
        table = GroupTable(types: keyTypes)
    }

    /// Takes no more of the query's memory.
    func giveBack() throws(SQLError) {
        forget()
        try account.charge(-charged, for: name)
        charged = 0
    }

    func charge() throws(SQLError) {
        let bytes =
            sides[0].bytes + sides[1].bytes + table.byteCount + (nulls?.byteCount ?? 0) + (aside?.heldBytes ?? 0)
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
        state[number: "late_rows"] = Int64(ownLateRows)
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
            let reserve = { (count: Int) in self.table.reserve(count) }
            try rows.load(from: state, as: name, willHold: reserve) { (rows) throws(SQLError) in
                if side == 1 { try nulls?.add(keyColumns(rows, port: side), rowCount: rows.rowCount) }
                return try keyNumbers(rows, port: side)
            }
            sides[side] = rows
        }
        announced = state[number: "announced"] ?? .min
        ownLateRows = Int(state[number: "late_rows"] ?? 0)
        beginLives()
        try charge()
        return []
    }
}
