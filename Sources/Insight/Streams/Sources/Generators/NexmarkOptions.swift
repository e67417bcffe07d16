import SQL

/// How Nexmark's events are to be. Names and defaults of options are those of the Flink connector `nexmark` where it
/// has them.
struct NexmarkOptions: Sendable {
    enum Table: String, CaseIterable {
        case person
        case auction
        case bid
    }

    var table: Table
    /// Events of all three tables together.
    var events = 1_000_000
    var seed: UInt64 = 42
    /// Of event time.
    var eventsPerSecond = 10_000
    /// Event times are shuffled within groups of so many events; 1 leaves them in order.
    var outOfOrderGroup = 1
    /// Event time of the first event, microseconds since 1970: 2024-01-01 00:00:00.
    var baseTime: Int64 = 1_704_067_200_000_000

    init(table: Table) { self.table = table }

    /// - Parameter maximumEvents: what a query may ask for.
    init(table name: String, values: [String: String], maximumEvents: Int) throws(SQLError) {
        let options = try ConnectorOptions(
            table: name, connector: "nexmark", values: values,
            known: ["table", "events.num", "seed", "next-event.rate", "out-of-order-group-size", "base-time"])
        guard let table = Table(rawValue: options.text("table") ?? name) else {
            throw SQLError(
                code: .invalidQuery, message: "table \(name): Nexmark has no table '\(options.text("table") ?? name)'",
                suggestion: "'table' is 'person', 'auction' or 'bid'")
        }
        self.init(table: table)
        events = try options.integer("events.num", 0...maximumEvents) ?? events
        seed = UInt64(try options.integer("seed", 0...Int.max) ?? Int(seed))
        eventsPerSecond = try options.integer("next-event.rate", 1...1_000_000_000) ?? eventsPerSecond
        outOfOrderGroup = try options.integer("out-of-order-group-size", 1...1_000_000) ?? outOfOrderGroup
        // The shuffle multiplies by this prime, which must not divide the group's size.
        guard outOfOrderGroup % NexmarkGenerator.shufflePrime != 0 else {
            throw options.wrong("out-of-order-group-size", "can't be a multiple of \(NexmarkGenerator.shufflePrime)")
        }
        // Milliseconds, in years 1970 to 9999.
        baseTime = Int64(try options.integer("base-time", 0...253_402_300_799_999) ?? Int(baseTime / 1_000)) * 1_000
    }
}
