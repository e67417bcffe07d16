import Columns
import Runtime
import SQL

extension PreparedQuery {
    /// How a scan reads its table.
    struct Reading {
        let table: ResolvedTable
        /// The columns to read; those at the end may be there for the sake of the time alone.
        let schema: Schema
        /// Columns that the query wants.
        let columnCount: Int
        /// In a batch that is `timed`.
        let timeColumn: Int?
        /// The request's range.
        let window: TimeWindow
        /// What of the range, and of the query's conditions, the log can use to leave out frames.
        let times: Range<Int64>?
        /// Event time over `schema`, where it is computed.
        private let timeExpression: RowExpression?
        private let context: EvaluationContext

        /// - Parameters:
        ///   - needsTime: event time is wanted, whether the query reads it or not.
        ///   - now: what a computed event time takes for it.
        init(
            _ scan: PhysicalQuery.Scan, of table: ResolvedTable, needsTime: Bool, window: TimeWindow, now: Int64
        ) throws(SQLError) {
            var columns = scan.columns
            func place(_ column: Int) -> Int {
                if let place = columns.firstIndex(of: column) { return place }
                columns.append(column)
                return columns.count - 1
            }
            let description = table.description
            var expression: RowExpression?
            if needsTime, let computed = description.timeExpression {
                expression = try RowExpression(computed.remappingColumns(place))
            } else if needsTime, let time = description.timeColumn {
                _ = place(time)
            }
            timeExpression = expression
            timeColumn =
                expression == nil ? description.timeColumn.flatMap { columns.firstIndex(of: $0) } : columns.count
            context = EvaluationContext(now: now)
            self.table = table
            self.window = window
            schema = Schema(columns.map { table.schema.fields[$0] })
            columnCount = scan.columns.count
            times = Self.times(scan, window, table)
        }

        /// What the log calls the column of event time, where it has one.
        var timeName: String? {
            guard let timeColumn, timeColumn < schema.count else { return nil }
            return schema.fields[timeColumn].name
        }

        /// The table has no end.
        var goesOn: Bool {
            switch table.source {
            case .topic, .watched: true
            case .file, .batches, .generated, .requests: false
            }
        }

        /// A batch of `schema` with its event time in `timeColumn`.
        func timed(_ batch: Batch) throws(SQLError) -> Batch {
            guard let timeExpression else { return batch }
            let time = try timeExpression.evaluate(batch, context)
            return Batch(
                schema: Schema(batch.schema.fields + [Field("$time", .timestamp)]), rowCount: batch.rowCount,
                columns: batch.columns + [time])
        }

        /// What the query wants of a batch.
        func wanted(_ batch: Batch) -> Batch {
            batch.columns.count == columnCount ? batch : batch.project(Array(0..<columnCount))
        }

        /// The event times to read: what the predicate and the request leave. Only where the log knows the column's
        /// times, which it does of those that are stored as times.
        private static func times(
            _ scan: PhysicalQuery.Scan, _ window: TimeWindow, _ table: ResolvedTable
        ) -> Range<Int64>? {
            guard let time = table.description.timeColumn, table.schema.fields[time].name == "@timestamp",
                !table.converted.contains("@timestamp")
            else { return nil }
            let low = max(scan.timeRange.lowerBound, window.from)
            let afterHigh = scan.timeRange.upperBound == .max ? Int64.max : scan.timeRange.upperBound + 1
            let high = min(afterHigh, window.to)
            if low == .min, high == .max { return nil }
            return low < high ? low..<high : low..<low
        }
    }

    func reading(
        _ scan: PhysicalQuery.Scan, _ request: QueryRequest, replays: Bool = false
    ) throws(SQLError) -> Reading {
        guard let table = catalog.resolved(scan.table.name) else {
            throw SQLError(code: .unknownTable, message: "there is no table \(scan.table.name)")
        }
        let isLive = request.mode != .stored
        let asksForRange = request.from != nil || request.to != nil
        return try Reading(
            scan, of: table, needsTime: isLive || replays || asksForRange,
            window: TimeWindow(from: request.from ?? .min, to: (isLive ? nil : request.to) ?? .max),
            now: service.clock.now())
    }
}
