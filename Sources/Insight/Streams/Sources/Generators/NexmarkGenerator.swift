import Columns

/// The events of the Nexmark benchmark (Tucker et al. 2002), in the proportions and distributions of its generators for
/// Beam and Flink: of 50 events one is a person, three are auctions and 46 are bids; half of the bids go to the hot
/// auction of the moment, three quarters come from the hot bidder, prices are log-uniform.
///
/// Event `n` is row `n / 50 * proportion + …` of its table, so that a row's event, and everything it holds, follows
/// from its number.
struct NexmarkGenerator: RowGenerator {
    static let shufflePrime = 953
    private static let (persons, auctions, bids) = (1, 3, 46)
    private static let cycle = persons + auctions + bids
    private static let firstID = 1_000
    private static let (activePersons, personLead) = (1_000, 10)
    private static let (openAuctions, auctionLead) = (100, 10)
    /// A hot auction, seller or bidder is replaced after so many new ones.
    private static let hotPeriod = 100

    /// What random numbers are drawn for. The order is part of what a seed means.
    enum Draw: Int {
        case isHot, other, price, reserve, category, expires, isHotChannel, channel, length, letters, hasChannelID
        case url1, url2, url3, first, last, email, domain, card, city, state, itemName, nameLength, description
        case descriptionLength, hotSeller, seller
    }

    let options: NexmarkOptions
    let schema: Schema
    let rowCount: Int

    init(_ options: NexmarkOptions) {
        self.options = options
        schema = Schema(Self.fields(options.table))
        let (whole, rest) = options.events.quotientAndRemainder(dividingBy: Self.cycle)
        rowCount =
            switch options.table {
            case .person: whole * Self.persons + min(rest, Self.persons)
            case .auction: whole * Self.auctions + min(max(rest - Self.persons, 0), Self.auctions)
            case .bid: whole * Self.bids + max(rest - Self.persons - Self.auctions, 0)
            }
    }

    private static func fields(_ table: NexmarkOptions.Table) -> [Field] {
        switch table {
        case .person:
            [
                Field("id", .int64), Field("name", .string), Field("emailAddress", .string),
                Field("creditCard", .string), Field("city", .string), Field("state", .string),
                Field("dateTime", .timestamp), Field("extra", .string),
            ]
        case .auction:
            [
                Field("id", .int64), Field("itemName", .string), Field("description", .string),
                Field("initialBid", .int64), Field("reserve", .int64), Field("dateTime", .timestamp),
                Field("expires", .timestamp), Field("seller", .int64), Field("category", .int64),
                Field("extra", .string),
            ]
        case .bid:
            [
                Field("auction", .int64), Field("bidder", .int64), Field("price", .int64), Field("channel", .string),
                Field("url", .string), Field("dateTime", .timestamp), Field("extra", .string),
            ]
        }
    }

    func column(_ index: Int, rows: Range<Int>) -> Column {
        let name = schema.fields[index].name
        if name == "dateTime" { return GeneratedColumn.integers(rows, .timestamp) { time(ofEvent: event(ofRow: $0)) } }
        return switch options.table {
        case .person: personColumn(name, rows)
        case .auction: auctionColumn(name, rows)
        case .bid: bidColumn(name, rows)
        }
    }

    func random(_ draw: Draw) -> RowRandom {
        RowRandom(seed: options.seed, field: draw.rawValue)
    }

    // MARK: Events

    /// The number of the event which is the table's row `row`.
    @inline(__always)
    func event(ofRow row: Int) -> Int {
        switch options.table {
        case .person: row * Self.cycle
        case .auction: row / Self.auctions * Self.cycle + Self.persons + row % Self.auctions
        case .bid: row / Self.bids * Self.cycle + Self.persons + Self.auctions + row % Self.bids
        }
    }

    /// Event time, whole milliseconds.
    @inline(__always)
    func time(ofEvent event: Int) -> Int64 {
        let group = options.outOfOrderGroup
        let place = event / group * group + event * Self.shufflePrime % group
        return milliseconds(afterEvents: place) + options.baseTime
    }

    /// Microseconds, cut to milliseconds.
    @inline(__always)
    private func milliseconds(afterEvents events: Int) -> Int64 {
        let (seconds, rest) = events.quotientAndRemainder(dividingBy: options.eventsPerSecond)
        return Int64(seconds) * 1_000_000 + Int64(rest * 1_000 / options.eventsPerSecond) * 1_000
    }

    /// Persons and auctions up to event `event`, less one: the number of the latest.
    @inline(__always)
    private func latestPerson(_ event: Int) -> Int { event / Self.cycle }

    @inline(__always)
    private func latestAuction(_ event: Int) -> Int {
        let place = event % Self.cycle
        if place < Self.persons { return event / Self.cycle * Self.auctions - 1 }
        return event / Self.cycle * Self.auctions + min(place - Self.persons, Self.auctions - 1)
    }

    /// One of the persons that are active, or will be soon.
    @inline(__always)
    private func somePerson(_ event: Int, _ random: RowRandom) -> Int {
        let count = latestPerson(event) + 1
        let active = min(count, Self.activePersons)
        return count - active + random.below(active + Self.personLead, event)
    }

    @inline(__always)
    private func someAuction(_ event: Int, _ random: RowRandom) -> Int {
        let latest = latestAuction(event)
        let oldest = max(latest - Self.openAuctions, 0)
        return oldest + random.below(latest - oldest + 1 + Self.auctionLead, event)
    }

    /// 100 to 100 million, each power of ten as likely as the others.
    @inline(__always)
    private func price(_ event: Int, _ random: RowRandom) -> Int64 {
        Int64((Self.power(random.unit(event)) * 100).rounded())
    }

    // MARK: Columns

    private func bidColumn(_ name: String, _ rows: Range<Int>) -> Column {
        let (isHot, other) = (random(.isHot), random(.other))
        let (isHotSeller, seller) = (random(.hotSeller), random(.seller))
        let price = random(.price)
        switch name {
        case "auction":
            return GeneratedColumn.integers(rows) { row in
                let event = event(ofRow: row)
                if isHot.below(2, event) > 0 {
                    return Int64(latestAuction(event) / Self.hotPeriod * Self.hotPeriod + Self.firstID)
                }
                return Int64(someAuction(event, other) + Self.firstID)
            }
        case "bidder":
            return GeneratedColumn.integers(rows) { row in
                let event = event(ofRow: row)
                if isHotSeller.below(4, event) > 0 {
                    return Int64(latestPerson(event) / Self.hotPeriod * Self.hotPeriod + 1 + Self.firstID)
                }
                return Int64(somePerson(event, seller) + Self.firstID)
            }
        case "price": return GeneratedColumn.integers(rows) { self.price(event(ofRow: $0), price) }
        case "channel": return channels(rows)
        case "url": return urls(rows)
        default: return bidExtras(rows)
        }
    }

    private func auctionColumn(_ name: String, _ rows: Range<Int>) -> Column {
        let (isHot, seller) = (random(.hotSeller), random(.seller))
        let (price, reserve, category, expires) = (
            random(.price), random(.reserve), random(.category), random(.expires)
        )
        switch name {
        case "id": return GeneratedColumn.integers(rows) { Int64($0 + Self.firstID) }
        case "initialBid": return GeneratedColumn.integers(rows) { self.price(event(ofRow: $0), price) }
        case "reserve":
            return GeneratedColumn.integers(rows) { row in
                let event = event(ofRow: row)
                return self.price(event, price) + self.price(event, reserve)
            }
        case "expires":
            // Open for up to twice the time in which as many auctions as are open at a time begin.
            let horizon = milliseconds(afterEvents: Self.openAuctions * Self.cycle / Self.auctions) / 1_000
            return GeneratedColumn.integers(rows, .timestamp) { row in
                let event = event(ofRow: row)
                return time(ofEvent: event) + (1 + Int64(expires.below(Int(max(horizon * 2, 1)), event))) * 1_000
            }
        case "seller":
            return GeneratedColumn.integers(rows) { row in
                let event = event(ofRow: row)
                if isHot.below(4, event) > 0 {
                    return Int64(latestPerson(event) / Self.hotPeriod * Self.hotPeriod + Self.firstID)
                }
                return Int64(somePerson(event, seller) + Self.firstID)
            }
        case "category": return GeneratedColumn.integers(rows) { 10 + Int64(category.below(5, event(ofRow: $0))) }
        case "itemName": return itemNames(rows)
        case "description": return descriptions(rows)
        default: return auctionExtras(rows)
        }
    }

    private func personColumn(_ name: String, _ rows: Range<Int>) -> Column {
        switch name {
        case "id": GeneratedColumn.integers(rows) { Int64($0 + Self.firstID) }
        case "name": names(rows)
        case "emailAddress": addresses(rows)
        case "creditCard": cards(rows)
        case "city": cities(rows)
        case "state": states(rows)
        default: personExtras(rows)
        }
    }
}
