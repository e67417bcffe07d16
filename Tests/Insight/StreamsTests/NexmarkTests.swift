import Columns
import SQL
import Testing

@testable import Streams

/// The generator keeps to Nexmark's proportions and distributions, and queries over it count what it made.
@Suite struct NexmarkTests {
    static let events = 100_000

    private func options(_ table: NexmarkOptions.Table) -> NexmarkOptions {
        var options = NexmarkOptions(table: table)
        options.events = Self.events
        return options
    }

    private func integers(_ options: NexmarkOptions, _ column: String) throws -> [Int64] {
        let generator = NexmarkGenerator(options)
        let index = try #require(generator.schema.index(of: column))
        return try #require(generator.column(index, rows: 0..<generator.rowCount).int64s)
    }

    private func texts(_ options: NexmarkOptions, _ column: String) throws -> [String] {
        let generator = NexmarkGenerator(options)
        let index = try #require(generator.schema.index(of: column))
        let made = generator.column(index, rows: 0..<generator.rowCount)
        return (0..<made.count).map { Rows.text(made, $0) }
    }

    private func answer(_ text: String) throws -> [String] {
        let service = QueryService(log: nil)
        defer { service.stop() }
        let sink = CollectingSink()
        service.run(QueryRequest(text), sink: sink)
        let answer = try #require(sink.wait(timeoutMilliseconds: 60_000))
        if let error = answer.error { throw error }
        return Rows.text(answer.batches)
    }

    private func declared(_ table: String, _ extra: String = "") -> String {
        "CREATE TABLE \(table) WITH ('connector' = 'nexmark', 'events.num' = '\(Self.events)'\(extra));"
    }

    @Test(arguments: [
        (100_000, [2_000, 6_000, 92_000]), (0, [0, 0, 0]), (1, [1, 0, 0]), (3, [1, 2, 0]), (57, [2, 6, 49]),
    ])
    func ofFiftyEventsOneIsAPersonAndThreeAreAuctions(_ events: Int, _ expected: [Int]) {
        let counts = NexmarkOptions.Table.allCases.map { table in
            var options = options(table)
            options.events = events
            return NexmarkGenerator(options).rowCount
        }
        #expect(counts == expected)
    }

    @Test func everyEventBelongsToOneRow() {
        var seen: Set<Int> = []
        for table in NexmarkOptions.Table.allCases {
            let generator = NexmarkGenerator(options(table))
            for row in 0..<generator.rowCount { seen.insert(generator.event(ofRow: row)) }
        }
        #expect(seen == Set(0..<Self.events))
    }

    @Test func bidsGoToHotAuctionsAndComeFromHotBidders() throws {
        let auctions = try integers(options(.bid), "auction")
        let bidders = try integers(options(.bid), "bidder")
        let hotAuctions = Double(auctions.count { ($0 - 1_000) % 100 == 0 }) / Double(auctions.count)
        let hotBidders = Double(bidders.count { ($0 - 1_000) % 100 == 1 }) / Double(bidders.count)
        // Half and three quarters; of the others one of a hundred is hot by chance.
        #expect(abs(hotAuctions - 0.505) < 0.01)
        #expect(abs(hotBidders - 0.7525) < 0.01)
    }

    @Test func bidsNameAuctionsThatAreOpenOrSoonWillBe() throws {
        for (row, auction) in try integers(options(.bid), "auction").enumerated() {
            let latest = Int64(row / 46 * 3 + 2) + 1_000
            #expect(auction <= latest + 10)
            #expect(auction >= 1_000 && auction >= latest - 100)
        }
    }

    @Test func pricesAreLogUniform() throws {
        let prices = try integers(options(.bid), "price")
        #expect(prices.allSatisfy { $0 >= 100 && $0 <= 100_000_000 })
        for power in 0..<6 {
            let low = Int64("1" + String(repeating: "0", count: 2 + power)) ?? 0
            let share = Double(prices.count { $0 >= low && $0 < low * 10 }) / Double(prices.count)
            #expect(abs(share - 1.0 / 6) < 0.01, "from \(low)")
        }
    }

    @Test func halfOfTheChannelsAreHotAndNineOfTenOthersAreNamedInTheirAddress() throws {
        let channels = try texts(options(.bid), "channel")
        let urls = try texts(options(.bid), "url")
        let hot = Set(["Google", "Facebook", "Baidu", "Apple"])
        #expect(abs(Double(channels.count { hot.contains($0) }) / Double(channels.count) - 0.5) < 0.01)
        var addresses: [String: String] = [:]
        for (channel, url) in zip(channels, urls) {
            #expect(addresses.updateValue(url, forKey: channel).map { $0 == url } ?? true)
        }
        let others = addresses.filter { !hot.contains($0.key) }.values
        #expect(abs(Double(others.count { $0.contains("&channel_id=") }) / Double(others.count) - 0.9) < 0.02)
    }

    @Test func eventTimeGoesOnEvenly() throws {
        let times = try integers(options(.bid), "dateTime")
        #expect(zip(times, times.dropFirst()).allSatisfy { $0 <= $1 })
        let seconds = Double(times[times.count - 1] - times[0]) / 1e6
        #expect(abs(seconds - Double(Self.events) / 10_000) < 0.01)
    }

    @Test func outOfOrderGroupsHoldTheSameTimes() throws {
        var shuffled = options(.bid)
        shuffled.outOfOrderGroup = 500
        let times = try integers(shuffled, "dateTime")
        #expect(!zip(times, times.dropFirst()).allSatisfy { $0 <= $1 })
        // 500 events at 10,000 a second: never more than 50 ms behind.
        var latest = Int64.min
        for time in times {
            latest = max(latest, time)
            #expect(latest - time <= 50_000)
        }
        // All three tables together have the times that they have in order.
        var all: [Int64] = []
        var ordered: [Int64] = []
        for table in NexmarkOptions.Table.allCases {
            shuffled.table = table
            all += try integers(shuffled, "dateTime")
            ordered += try integers(options(table), "dateTime")
        }
        #expect(all.sorted() == ordered.sorted())
        // What else a row holds doesn't depend on the order.
        shuffled.table = .bid
        #expect(try integers(shuffled, "price") == integers(options(.bid), "price"))
    }

    @Test(arguments: NexmarkOptions.Table.allCases)
    func rowsAreTheSameHoweverTheyAreRead(_ table: NexmarkOptions.Table) throws {
        var small = options(table)
        small.events = 20_000
        let generator = NexmarkGenerator(small)
        for index in generator.schema.fields.indices {
            let whole = generator.column(index, rows: 0..<generator.rowCount)
            let row = generator.rowCount * 2 / 3
            let alone = generator.column(index, rows: row..<row + 1)
            #expect(Rows.text(whole, row) == Rows.text(alone, 0))
        }
        var other = small
        other.seed = 43
        let index = try #require(generator.schema.index(of: "extra"))
        let rows = 0..<generator.rowCount
        #expect(
            Rows.text(generator.column(index, rows: rows), 5)
                != Rows.text(NexmarkGenerator(other).column(index, rows: rows), 5))
    }

    @Test(arguments: [(NexmarkOptions.Table.person, 200.0), (.auction, 500), (.bid, 100)])
    func rowsAreOfThePublishedSize(_ table: NexmarkOptions.Table, _ bytes: Double) {
        let generator = NexmarkGenerator(options(table))
        var total = 0
        for (index, field) in generator.schema.fields.enumerated() where field.name != "channel" && field.name != "url"
        {
            let column = generator.column(index, rows: 0..<generator.rowCount)
            for row in 0..<column.count {
                total += column.int64s != nil ? 8 : Rows.text(column, row).utf8.count
            }
        }
        #expect(abs(Double(total) / Double(generator.rowCount) - bytes) < bytes * 0.02)
    }

    @Test func queriesCountWhatWasMade() throws {
        let auctions = try integers(options(.bid), "auction")
        let prices = try integers(options(.bid), "price")
        let times = try integers(options(.bid), "dateTime")
        let bidders = try integers(options(.bid), "bidder")
        let bid = declared("bid")
        #expect(
            try answer(bid + "SELECT COUNT(*), SUM(price) FROM bid WHERE MOD(auction, 123) = 0") == [
                "\(auctions.count { $0 % 123 == 0 })|"
                    + "\(zip(auctions, prices).reduce(0) { $1.0 % 123 == 0 ? $0 + $1.1 : $0 })"
            ])
        var best: [Int64: Int64] = [:]
        for (time, price) in zip(times, prices) { best[time / 2_000_000 * 2_000_000, default: 0].formMax(price) }
        let tumble = "TABLE(TUMBLE(TABLE bid, DESCRIPTOR(dateTime), INTERVAL '2' SECOND))"
        #expect(
            try answer(bid + "SELECT window_start, MAX(price) FROM \(tumble) GROUP BY window_start, window_end")
                .sorted()
                == best.map { "\($0.key)|\($0.value)" }.sorted())
        var perBidder: [Int64: Int] = [:]
        for bidder in bidders { perBidder[bidder, default: 0] += 1 }
        #expect(
            try answer(bid + "SELECT bidder, COUNT(*) FROM bid GROUP BY bidder").sorted()
                == perBidder.map { "\($0.key)|\($0.value)" }.sorted())
    }

    @Test func severalThreadsSeeEachRowOnce() throws {
        let many = "CREATE TABLE bid WITH ('connector' = 'nexmark', 'events.num' = '1000000');"
        var options = options(.bid)
        options.events = 1_000_000
        let sum = try integers(options, "price").reduce(0, &+)
        #expect(try answer(many + "SELECT COUNT(*), SUM(price) FROM bid") == ["920000|\(sum)"])
    }
}

extension Int64 {
    fileprivate mutating func formMax(_ other: Int64) { self = Swift.max(self, other) }
}
