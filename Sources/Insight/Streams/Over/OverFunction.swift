import Columns
import SQL

/// A function of a live OVER: how its argument is computed, what runs it, and which cursor its frames follow.
struct OverFunction {
    let layout: OverLayout.Call
    let runner: OverRunner
    let cursor: Int?

    /// - Throws: `unsupported` where rows would be needed that a live query doesn't have yet, or keeps no longer.
    init(_ layout: OverLayout.Call, orderCount: Int, cursors: inout [OverCursor]) throws(SQLError) {
        self.layout = layout
        let call = layout.call
        let reach = try Self.reach(call, layout.name, orderCount)
        runner = try Self.runner(call, layout.name, isSliding: reach != nil)
        guard let reach else {
            cursor = nil
            return
        }
        if let known = cursors.firstIndex(where: { $0.reach == reach }) {
            cursor = known
        } else {
            cursor = cursors.count
            cursors.append(OverCursor(reach: reach))
        }
    }

    /// The largest place that `NTH_VALUE` counts to, at each row.
    private static let maximumPlace: Int64 = 1_000

    private static func refused(_ name: String, _ why: String, suggestion: String? = nil) -> SQLError {
        SQLError(
            code: .unsupported, message: "a live query can't compute \(name): \(why)",
            suggestion: suggestion ?? inWindows)
    }

    private static let inWindows = "PARTITION BY window_start, window_end too, or ask the stored events instead"

    /// What rows before the current one the function looks at; `nil` for all of the partition, or none.
    private static func reach(
        _ call: OverCall, _ name: String, _ orderCount: Int
    ) throws(SQLError) -> OverCursor.Reach? {
        switch call.function {
        case .rowNumber, .rank, .denseRank: return nil
        case .percentRank, .cumeDist, .ntile:
            throw refused(name, "it needs the whole partition, which has no end")
        case .shift(let distance):
            guard distance <= 0 else {
                throw refused(
                    name, "it looks at rows that are still to come", suggestion: "LAG looks at those before")
            }
            guard distance == 0 || !call.ignoresNulls else {
                throw refused(
                    name, "the row may lie any number of nulls back",
                    suggestion: "LAST_VALUE(…) IGNORE NULLS OVER (… ROWS …) takes the latest value of a frame")
            }
            return .rows(Int(-distance))
        case .firstValue, .lastValue, .nthValue, .aggregate: break
        }
        guard call.frame.end == .currentRow else {
            throw refused(name, "its frame must end with CURRENT ROW")
        }
        guard call.frame.exclusion == .none else {
            throw refused(name, "EXCLUDE looks at the peers of a row once all of them have come")
        }
        guard call.frame.unit != .groups else {
            throw refused(
                name, "GROUPS with a number counts rows of one time as one",
                suggestion: "ROWS counts rows, RANGE measures the time; " + Self.inWindows)
        }
        let isRange = call.frame.unit == .range
        switch call.frame.start {
        case .unboundedPreceding: return nil
        case .preceding(.whole(let distance)):
            return isRange ? .range(distance) : .rows(Int(clamping: distance))
        case .currentRow where !isRange: return .rows(0)
        case .currentRow where orderCount == 1: return .range(0)
        default: throw refused(name, "its frame must begin with UNBOUNDED, n PRECEDING or CURRENT ROW")
        }
    }

    private static func runner(
        _ call: OverCall, _ name: String, isSliding: Bool
    ) throws(SQLError) -> OverRunner {
        switch call.function {
        case .rowNumber: return OverRankRunner(.rowNumber)
        case .rank: return OverRankRunner(.rank)
        case .denseRank: return OverRankRunner(.denseRank)
        case .firstValue where call.ignoresNulls: return OverQueueRunner(.first, call, isSliding: isSliding)
        case .lastValue where call.ignoresNulls: return OverQueueRunner(.last, call, isSliding: isSliding)
        case .nthValue where call.ignoresNulls || !isSliding:
            throw refused(name, "it needs a frame of n PRECEDING, and takes nulls as values")
        case .nthValue(let number) where number > maximumPlace:
            throw refused(name, "it counts so far at each row; \(maximumPlace) is the limit")
        case .shift, .firstValue, .lastValue, .nthValue: return OverPlaceRunner(call, isSliding: isSliding)
        case .percentRank, .cumeDist, .ntile: throw refused(name, "it needs the whole partition")
        case .aggregate(let function): return try runner(call, function, name, isSliding: isSliding)
        }
    }

    private static func runner(
        _ call: OverCall, _ function: AggregateCall.Function, _ name: String, isSliding: Bool
    ) throws(SQLError) -> OverRunner {
        let type = call.argument?.type.fieldType
        switch function {
        case .count where call.isDistinct, .approxCountDistinct:
            return OverDistinctRunner(call, .count, isSliding: isSliding)
        case .countAll, .count: return OverTotalRunner<OverWholeTotal>(call, function, isSliding: isSliding)
        case .sum, .avg:
            switch type {
            case .int64 where call.isDistinct: return OverDistinctRunner(call, function, isSliding: isSliding)
            case .int64: return OverTotalRunner<OverWholeTotal>(call, function, isSliding: isSliding)
            case .decimal where !call.isDistinct:
                return OverTotalRunner<OverDecimalTotal>(call, function, isSliding: isSliding)
            case .float64 where !call.isDistinct:
                return OverTotalRunner<OverNumberTotal>(call, function, isSliding: isSliding)
            default: throw refused(name, "DISTINCT numbers can't be taken back exactly")
            }
        case .min: return OverQueueRunner(.least, call, isSliding: isSliding)
        case .max: return OverQueueRunner(.greatest, call, isSliding: isSliding)
        default: throw refused(name, "it can't be computed row by row")
        }
    }

    /// Whether only the rows are counted that have a value.
    private var isCount: Bool {
        guard case .aggregate(let function) = layout.call.function, !layout.call.isDistinct else { return false }
        return function == .count || function == .countAll
    }

    /// The argument over the rows, null where `FILTER` leaves a row out; `nil` where the function has none.
    func argument(_ rows: Batch, _ context: EvaluationContext) throws(SQLError) -> Column? {
        if let place = runner as? OverPlaceRunner {
            place.otherwise = try layout.otherwise?.evaluate(rows, context)
        }
        guard case .aggregate = layout.call.function else { return try layout.argument?.evaluate(rows, context) }
        let filtered = try layout.filter?.select(rows, context)
        var column: Column?
        if let argument = layout.argument {
            column = try argument.evaluate(filtered.map { rows.select(rows: $0) } ?? rows, context)
        }
        if isCount {
            let count = filtered?.count ?? rows.rowCount
            column = Column(
                type: .int64, count: count, validity: column?.validity,
                storage: .int64([Int64](repeating: 0, count: count)))
        }
        guard let filtered, let known = column else { return column }
        var places = [UInt32](repeating: Column.noRow, count: rows.rowCount)
        for (index, row) in filtered.enumerated() { places[Int(row)] = UInt32(index) }
        return known.gathered(places)
    }
}
