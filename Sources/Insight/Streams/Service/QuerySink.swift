public import Columns
public import SQL

/// Takes a query's answer. Called by one thread at a time, never by an event loop; calls come in the order written
/// here, and none after `finish`.
public protocol QuerySink: AnyObject, Sendable {
    /// Once, before rows: the columns' names and SQL types. Not called when the query fails before it starts.
    func start(_ fields: [PlanField])

    /// Some rows; their columns are those of `start`, by position.
    ///
    /// - Returns: whether more may come. After `false` the query pauses until `QueryHandle.resume()`; a live query's
    ///   queue fills meanwhile, and then drops.
    func receive(_ batch: Batch) -> Bool

    /// Of live queries, when rows have been late or dropped since the last time.
    func report(_ statistics: QueryStatistics)

    func finish(_ result: Result<QueryStatistics, SQLError>)
}

extension QuerySink {
    public func report(_ statistics: QueryStatistics) {}
}
