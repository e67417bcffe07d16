import SQL

/// Feeds one scan of a query.
protocol ScanDriver: AnyObject {
    /// Hands on a batch or some, or says that there is nothing now.
    func advance() throws(SQLError) -> QueryRun.State
    var isFinished: Bool { get }
    var isLive: Bool { get }
    var progress: ScanProgress { get }
    var droppedRows: Int { get }
    /// How far event time has come; `nil` once the scan has ended.
    var standing: InputMeetings.Standing? { get }
    /// Has an idle scan go along with the others.
    func bringUp(to time: Int64) throws(SQLError)
    func close()
}

extension ScanDriver {
    /// What ends tells no event time before its end.
    var standing: InputMeetings.Standing? { isFinished ? nil : .init(watermark: .min, isIdle: false) }

    func bringUp(to time: Int64) throws(SQLError) {}
}
