import Columns
import Glibc

extension NexmarkGenerator {
    private static let channelNames = 10_000
    private static let hotChannels = words(["Google", "Facebook", "Baidu", "Apple"])
    private static let hotURLs = words([
        "https://www.nexmark.com/googl/search/pages/item.htm?query=1",
        "https://www.nexmark.com/faceb/social/pages/item.htm?query=1",
        "https://www.nexmark.com/baidu/search/pages/item.htm?query=1",
        "https://www.nexmark.com/apple/device/pages/item.htm?query=1",
    ])
    private static let firstNames = words([
        "Peter", "Paul", "Luke", "John", "Saul", "Vicky", "Kate", "Julie", "Sarah", "Deiter", "Walter",
    ])
    private static let lastNames = words([
        "Shultz", "Abrams", "Spencer", "White", "Bartels", "Walton", "Smith", "Jones", "Noris",
    ])
    private static let cityNames = words([
        "Phoenix", "Los Angeles", "San Francisco", "Boise", "Portland", "Bend", "Redmond", "Seattle", "Kent",
        "Cheyenne",
    ])
    private static let stateNames = words(["AZ", "CA", "ID", "OR", "WA", "WY"])

    private static func words(_ list: [String]) -> ByteStrings {
        var strings = ByteStrings()
        for word in list { strings.append(Array(word.utf8)) }
        return strings
    }

    /// `10^(6 x)`
    static func power(_ unit: Double) -> Double { pow(10, unit * 6) }

    // MARK: Bids

    /// A hot channel by its place in the list, any other from 4 on.
    @inline(__always)
    private func channel(_ event: Int, _ isHot: RowRandom, _ channel: RowRandom) -> Int {
        isHot.below(2, event) > 0
            ? channel.below(Self.hotChannels.count, event)
            : Self.hotChannels.count + channel.below(Self.channelNames, event)
    }

    func channels(_ rows: Range<Int>) -> Column {
        let (isHot, random) = (random(.isHotChannel), random(.channel))
        let hot = Self.hotChannels
        return GeneratedColumn.texts(rows) { row, bytes in
            let number = channel(event(ofRow: row), isHot, random)
            if number < hot.count {
                bytes.append(contentsOf: hot.bytes[hot.range(number)])
            } else {
                Self.append("channel-", to: &bytes)
                Self.append(number - hot.count, to: &bytes)
            }
        }
    }

    /// The address is the channel's: nine of ten name it in their query.
    func urls(_ rows: Range<Int>) -> Column {
        let (isHot, random) = (random(.isHotChannel), random(.channel))
        let parts = (self.random(.url1), self.random(.url2), self.random(.url3))
        let named = self.random(.hasChannelID)
        let hot = Self.hotURLs
        return GeneratedColumn.texts(rows) { row, bytes in
            let number = channel(event(ofRow: row), isHot, random)
            if number < hot.count {
                bytes.append(contentsOf: hot.bytes[hot.range(number)])
                return
            }
            Self.append("https://www.nexmark.com/", to: &bytes)
            parts.0.appendLetters(5, number, to: &bytes)
            bytes.append(0x2f)
            parts.1.appendLetters(5, number, to: &bytes)
            bytes.append(0x2f)
            parts.2.appendLetters(5, number, to: &bytes)
            Self.append("/item.htm?query=1", to: &bytes)
            if named.below(10, number) > 0 {
                Self.append("&channel_id=", to: &bytes)
                Self.append(Int(UInt32(truncatingIfNeeded: number - hot.count).bitSwapped >> 1), to: &bytes)
            }
        }
    }

    /// Pads a bid to 100 bytes, give or take a fifth of the padding.
    func bidExtras(_ rows: Range<Int>) -> Column { extras(rows) { _ in 100 - 32 } }

    // MARK: Auctions

    private func nameLength(_ event: Int) -> Int { 3 + random(.nameLength).below(17, event) }
    private func descriptionLength(_ event: Int) -> Int { 3 + random(.descriptionLength).below(97, event) }

    func itemNames(_ rows: Range<Int>) -> Column {
        let letters = random(.itemName)
        return GeneratedColumn.texts(rows) { row, bytes in
            let event = event(ofRow: row)
            letters.appendLetters(nameLength(event), event, to: &bytes)
        }
    }

    func descriptions(_ rows: Range<Int>) -> Column {
        let letters = random(.description)
        return GeneratedColumn.texts(rows) { row, bytes in
            let event = event(ofRow: row)
            letters.appendLetters(descriptionLength(event), event, to: &bytes)
        }
    }

    /// Pads an auction to 500 bytes.
    func auctionExtras(_ rows: Range<Int>) -> Column {
        extras(rows) { event in 500 - 48 - nameLength(event) - descriptionLength(event) }
    }

    // MARK: Persons

    func names(_ rows: Range<Int>) -> Column {
        let (first, last) = (random(.first), random(.last))
        return GeneratedColumn.texts(rows) { row, bytes in
            bytes.append(contentsOf: Self.firstNames.bytes[Self.firstNames.range(first.below(11, row))])
            bytes.append(0x20)
            bytes.append(contentsOf: Self.lastNames.bytes[Self.lastNames.range(last.below(9, row))])
        }
    }

    func addresses(_ rows: Range<Int>) -> Column {
        let (user, domain) = (random(.email), random(.domain))
        return GeneratedColumn.texts(rows) { row, bytes in
            user.appendLetters(7, row, to: &bytes)
            bytes.append(0x40)
            domain.appendLetters(5, row, to: &bytes)
            Self.append(".com", to: &bytes)
        }
    }

    func cards(_ rows: Range<Int>) -> Column {
        let random = random(.card)
        return GeneratedColumn.texts(rows) { row, bytes in
            var digits = random.bits(row)
            for place in 0..<19 {
                if place % 5 == 4 {
                    bytes.append(0x20)
                } else {
                    bytes.append(0x30 + UInt8(truncatingIfNeeded: digits % 10))
                    digits /= 10
                }
            }
        }
    }

    func cities(_ rows: Range<Int>) -> Column {
        let random = random(.city)
        return GeneratedColumn.words(rows, Self.cityNames) { random.below(Self.cityNames.count, $0) }
    }

    func states(_ rows: Range<Int>) -> Column {
        let random = random(.state)
        return GeneratedColumn.words(rows, Self.stateNames) { random.below(Self.stateNames.count, $0) }
    }

    /// Pads a person to 200 bytes; the other columns take 70 of them on average.
    func personExtras(_ rows: Range<Int>) -> Column { extras(rows) { _ in 200 - 70 } }

    // MARK: Parts

    private func extras(_ rows: Range<Int>, mean: (Int) -> Int) -> Column {
        let (length, letters) = (random(.length), random(.letters))
        return GeneratedColumn.texts(rows) { row, bytes in
            let event = event(ofRow: row)
            let mean = mean(event)
            let spread = mean / 5
            letters.appendLetters(mean - spread + length.below(2 * spread + 1, event), event, to: &bytes)
        }
    }

    private static func append(_ text: StaticString, to bytes: inout [UInt8]) {
        bytes.append(contentsOf: UnsafeBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
    }

    private static func append(_ number: Int, to bytes: inout [UInt8]) {
        let start = bytes.count
        var rest = number
        repeat {
            bytes.append(0x30 + UInt8(truncatingIfNeeded: rest % 10))
            rest /= 10
        } while rest > 0
        bytes[start...].reverse()
    }
}

extension UInt32 {
    /// The bits in the other order.
    fileprivate var bitSwapped: UInt32 {
        var (value, swapped) = (self, UInt32(0))
        for _ in 0..<32 {
            swapped = swapped << 1 | value & 1
            value >>= 1
        }
        return swapped
    }
}
