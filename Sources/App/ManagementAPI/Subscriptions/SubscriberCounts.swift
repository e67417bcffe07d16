import Streams

/// What one subscriber got and did not get.
struct SubscriberCounts: Hashable {
    var sentRows = 0
    /// Over its rows a second, and its bytes a second.
    var overEventsPerSecond = 0
    var overBytesPerSecond = 0
    /// The client had not read what was sent before.
    var unreadRows = 0
    /// Of the query, since this one joined it.
    var lateRows = 0
    var queueDroppedRows = 0
    var sampledOutRows = 0

    /// What a client is told of: that which it didn't get.
    var losses: [Int] {
        [overEventsPerSecond, overBytesPerSecond, unreadRows, lateRows, queueDroppedRows, sampledOutRows]
    }

    var lostRows: Int { overEventsPerSecond + overBytesPerSecond + unreadRows }

    mutating func take(_ query: QueryStatistics, since joined: QueryStatistics) {
        lateRows = query.lateRows - joined.lateRows
        queueDroppedRows = query.droppedRows - joined.droppedRows
        sampledOutRows = query.sampledOutRows - joined.sampledOutRows
    }

    /// - Parameter reported: what was told last; caps that were reached since are named.
    func json(since reported: SubscriberCounts) -> String {
        var caps: [String] = []
        if overEventsPerSecond > reported.overEventsPerSecond { caps.append("\"events_per_second\"") }
        if overBytesPerSecond > reported.overBytesPerSecond { caps.append("\"bytes_per_second\"") }
        return """
            {"sent_rows":\(sentRows),"over_events_per_second_rows":\(overEventsPerSecond),\
            "over_bytes_per_second_rows":\(overBytesPerSecond),"unread_rows":\(unreadRows),"late_rows":\(lateRows),\
            "dropped_rows":\(queueDroppedRows),"sampled_out_rows":\(sampledOutRows),\
            "caps_reached":[\(caps.joined(separator: ","))]}
            """
    }
}
