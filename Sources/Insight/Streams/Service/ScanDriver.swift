import SQL

/// Feeds one scan of a query.
protocol ScanDriver: AnyObject {
    /// Hands on a batch or some, or says that there is nothing now.
    func advance() throws(SQLError) -> QueryRun.State
    var isFinished: Bool { get }
    var isLive: Bool { get }
    var progress: ScanProgress { get }
    var droppedRows: Int { get }
    func close()
}
