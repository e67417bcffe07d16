extension ZoneRules {
    /// Reads a zone file (RFC 8536), version 2 or later.
    ///
    /// - Returns: `nil` where the bytes are none.
    init?(file: [UInt8]) {
        var reader = ZoneFileReader(file)
        guard let first = reader.header(), reader.skip(first.byteCount(timeBytes: 4)), let counts = reader.header(),
            let times = reader.numbers(counts.times, bytes: 8), let kinds = reader.numbers(counts.times, bytes: 1)
        else { return nil }
        var offsets: [Int64] = []
        for _ in 0..<counts.types {
            guard let offset = reader.number(bytes: 4), reader.skip(2), abs(offset) < 2 * Self.day else { return nil }
            offsets.append(offset)
        }
        guard let earliest = offsets.first, kinds.allSatisfy({ $0 >= 0 && $0 < offsets.count }),
            zip(times, times.dropFirst()).allSatisfy(<),
            reader.skip(counts.characters + counts.leaps * 12 + counts.standards + counts.universals)
        else { return nil }
        self.firstOffset = earliest
        self.changes = zip(times, kinds).map { (at: $0, offset: offsets[Int($1)]) }
        self.rule = YearlyRule(reader.footer)
    }
}

private struct ZoneFileReader {
    struct Counts {
        var universals: Int
        var standards: Int
        var leaps: Int
        var times: Int
        var types: Int
        var characters: Int

        func byteCount(timeBytes: Int) -> Int {
            times * (timeBytes + 1) + types * 6 + characters + leaps * (timeBytes + 4) + standards + universals
        }
    }

    private let bytes: [UInt8]
    private var index = 0

    init(_ bytes: [UInt8]) { self.bytes = bytes }

    mutating func header() -> Counts? {
        guard bytes.dropFirst(index).starts(with: "TZif".utf8), bytes.count - index >= 44,
            bytes[index + 4] >= UInt8(ascii: "2")
        else { return nil }
        index += 20
        guard let numbers = numbers(6, bytes: 4)?.map(Int.init), numbers.allSatisfy({ (0...100_000).contains($0) })
        else { return nil }
        return Counts(
            universals: numbers[0], standards: numbers[1], leaps: numbers[2], times: numbers[3], types: numbers[4],
            characters: numbers[5])
    }

    mutating func skip(_ count: Int) -> Bool {
        guard count <= bytes.count - index else { return false }
        index += count
        return true
    }

    /// Big-endian, with a sign but for single bytes.
    mutating func number(bytes count: Int) -> Int64? {
        guard count <= bytes.count - index else { return nil }
        var value: UInt64 = 0
        for _ in 0..<count {
            value = value << 8 | UInt64(bytes[index])
            index += 1
        }
        if count == 1 { return Int64(value) }
        let unused = UInt64(64 - 8 * count)
        return Int64(bitPattern: value << unused) >> Int64(unused)
    }

    mutating func numbers(_ count: Int, bytes size: Int) -> [Int64]? {
        guard count * size <= bytes.count - index else { return nil }
        return (0..<count).compactMap { _ in number(bytes: size) }
    }

    /// The line at the end.
    var footer: ArraySlice<UInt8> {
        bytes[index...].drop { $0 == 10 }.prefix { $0 != 10 }
    }
}
