import Bytes

/// A format of a moment, in the letters of Java's `DateTimeFormatter`: `yyyy-MM-dd HH:mm:ss.SSS`.
struct TimeFormat: Sendable {
    private enum Element: Sendable {
        case literal([UInt8])
        case field(UInt8, width: Int)
    }

    private let elements: [Element]

    /// - Throws: a letter that isn't known, or a quote that isn't closed.
    init(_ pattern: [UInt8]) throws(SQLError) {
        var elements: [Element] = []
        var index = 0
        while index < pattern.count {
            let byte = pattern[index]
            if byte == UInt8(ascii: "'") {
                elements.append(.literal(try TimeFormat.quoted(pattern, &index)))
                continue
            }
            var end = index + 1
            if byte.isASCIILetter {
                while end < pattern.count && pattern[end] == byte { end += 1 }
                guard "yuMdHhkmsSaEDXZx".utf8.contains(byte), end - index <= 9 else {
                    let shown = String(decoding: pattern[index..<end], as: UTF8.self)
                    throw SQLError(
                        code: .invalidLiteral, message: "'\(shown)' means nothing in a time format",
                        suggestion: "for instance 'yyyy-MM-dd HH:mm:ss.SSS'; put plain text in single quotes")
                }
                elements.append(.field(byte, width: end - index))
            } else {
                elements.append(.literal([byte]))
            }
            index = end
        }
        self.elements = elements
    }

    /// `'text'` with `''` for a quote; `''` alone is one.
    private static func quoted(_ pattern: [UInt8], _ index: inout Int) throws(SQLError) -> [UInt8] {
        let quote = UInt8(ascii: "'")
        var text: [UInt8] = []
        index += 1
        if index < pattern.count && pattern[index] == quote {
            index += 1
            return [quote]
        }
        while index < pattern.count {
            if pattern[index] == quote {
                index += 1
                if index >= pattern.count || pattern[index] != quote { return text }
            }
            text.append(pattern[index])
            index += 1
        }
        throw SQLError(code: .invalidLiteral, message: "a quote in a time format isn't closed")
    }

    // MARK: writing

    func append(_ instant: Int64, to output: inout [UInt8]) {
        let civil = CivilTime(microseconds: instant)
        for element in elements {
            switch element {
            case .literal(let bytes): output.append(contentsOf: bytes)
            case .field(let letter, let width): TimeFormat.append(civil, letter, width, to: &output)
            }
        }
    }

    private static func append(_ civil: CivilTime, _ letter: UInt8, _ width: Int, to output: inout [UInt8]) {
        func number(_ value: Int) {
            if value < 0 { output.append(UInt8(ascii: "-")) }
            NumberWriter.append(UInt64(value.magnitude), width: width, to: &output)
        }
        switch letter {
        case UInt8(ascii: "y"), UInt8(ascii: "u"): number(width == 2 ? Int(civil.year.magnitude % 100) : civil.year)
        case UInt8(ascii: "M"):
            if width < 3 { return number(civil.month) }
            name(width == 3 ? TimeWriter.monthNames[civil.month - 1] : months[civil.month - 1])
        case UInt8(ascii: "d"): number(civil.day)
        case UInt8(ascii: "D"): number(civil.dayOfYear)
        case UInt8(ascii: "H"): number(civil.hour)
        case UInt8(ascii: "k"): number(civil.hour == 0 ? 24 : civil.hour)
        case UInt8(ascii: "h"): number((civil.hour + 11) % 12 + 1)
        case UInt8(ascii: "m"): number(civil.minute)
        case UInt8(ascii: "s"): number(civil.second)
        case UInt8(ascii: "S"):
            var digits: [UInt8] = []
            NumberWriter.append(UInt64(civil.microsecond), width: 6, to: &digits)
            for index in 0..<width { output.append(index < 6 ? digits[index] : 48) }
        case UInt8(ascii: "a"): name(civil.hour < 12 ? "AM" : "PM")
        case UInt8(ascii: "E"): name(width > 3 ? days[civil.weekday] : String(days[civil.weekday].prefix(3)))
        case UInt8(ascii: "X"): name("Z")
        default: name(letter == UInt8(ascii: "x") && width == 3 ? "+00:00" : "+0000")
        }
        func name(_ text: String) { output.append(contentsOf: text.utf8) }
    }

    private static let months = [
        "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
        "December",
    ]
    private static let days = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"]

    // MARK: reading

    /// Microseconds since 1970; nil where the text isn't of this format. Fields that the format lacks are those of
    /// 1970-01-01 00:00:00; without a zone the time is UTC.
    func parse(_ text: Span<UInt8>) -> Int64? {
        var reading = Reading()
        var index = 0
        for element in elements {
            switch element {
            case .literal(let bytes):
                guard index + bytes.count <= text.count, UTF8Text.matches(bytes.span, text, at: index) else {
                    return nil
                }
                index += bytes.count
            case .field(let letter, let width):
                guard reading.read(letter, width, text, &index) else { return nil }
            }
        }
        return index == text.count ? reading.instant : nil
    }

    private struct Reading {
        var civil = CivilTime(year: 1970, month: 1, day: 1)
        var isAfternoon: Bool?
        var dayOfYear: Int?
        var zoneSeconds: Int64 = 0

        var instant: Int64? {
            var civil = civil
            if let isAfternoon { civil.hour = civil.hour % 12 + (isAfternoon ? 12 : 0) }
            guard (1...12).contains(civil.month), civil.hour < 24, civil.minute < 60, civil.second < 60,
                civil.day >= 1, civil.day <= CivilTime.daysInMonth(year: civil.year, month: civil.month)
            else { return nil }
            var result = civil.microseconds
            if let dayOfYear {
                guard (1...366).contains(dayOfYear) else { return nil }
                result &+= Int64(dayOfYear - 1) * Instant.day
            }
            return result &- zoneSeconds &* 1_000_000
        }

        mutating func read(_ letter: UInt8, _ width: Int, _ text: Span<UInt8>, _ index: inout Int) -> Bool {
            switch letter {
            case UInt8(ascii: "M") where width > 2:
                guard let month = TimeParser.month(text, at: index) else { return false }
                civil.month = month
                index += 3
                if width > 3 { index += TimeFormat.months[month - 1].utf8.count - 3 }
                return index <= text.count
            case UInt8(ascii: "E"):
                while index < text.count && text[index].isASCIILetter { index += 1 }
                return true
            case UInt8(ascii: "a"):
                guard index + 2 <= text.count, text[index + 1] | 0x20 == UInt8(ascii: "m") else { return false }
                isAfternoon = text[index] | 0x20 == UInt8(ascii: "p")
                index += 2
                return true
            case UInt8(ascii: "X"), UInt8(ascii: "Z"), UInt8(ascii: "x"): return readZone(text, &index)
            default: return readNumber(letter, width, text, &index)
            }
        }

        private mutating func readNumber(
            _ letter: UInt8, _ width: Int, _ text: Span<UInt8>, _ index: inout Int
        ) -> Bool {
            let start = index
            let longest = width == 1 ? 9 : width
            var value = 0
            while index < text.count, index - start < longest, text[index] &- 48 < 10 {
                value = value * 10 + Int(text[index] - 48)
                index += 1
            }
            guard index - start == width || (width == 1 && index > start) else { return false }
            switch letter {
            case UInt8(ascii: "y"), UInt8(ascii: "u"): civil.year = width == 2 ? 2000 + value : value
            case UInt8(ascii: "M"): civil.month = value
            case UInt8(ascii: "d"): civil.day = value
            case UInt8(ascii: "D"): dayOfYear = value
            case UInt8(ascii: "H"), UInt8(ascii: "h"): civil.hour = value
            case UInt8(ascii: "k"): civil.hour = value % 24
            case UInt8(ascii: "m"): civil.minute = value
            case UInt8(ascii: "s"): civil.second = value
            default:
                var fraction = value
                for _ in 0..<max(0, 6 - (index - start)) { fraction *= 10 }
                for _ in 0..<max(0, index - start - 6) { fraction /= 10 }
                civil.microsecond = fraction
            }
            return true
        }

        /// `Z`, `+02`, `+0200` or `+02:00`.
        private mutating func readZone(_ text: Span<UInt8>, _ index: inout Int) -> Bool {
            guard index < text.count else { return false }
            let sign = text[index]
            index += 1
            if sign | 0x20 == UInt8(ascii: "z") { return true }
            guard sign == UInt8(ascii: "+") || sign == UInt8(ascii: "-") else { return false }
            var digits: [Int64] = []
            while index < text.count, digits.count < 4 {
                if text[index] &- 48 < 10 {
                    digits.append(Int64(text[index] - 48))
                } else if text[index] != UInt8(ascii: ":") || digits.count != 2 {
                    break
                }
                index += 1
            }
            guard digits.count == 2 || digits.count == 4 else { return false }
            let minutes = digits.count == 4 ? digits[2] * 10 + digits[3] : 0
            let seconds = (digits[0] * 10 + digits[1]) * 3600 + minutes * 60
            zoneSeconds = sign == UInt8(ascii: "-") ? -seconds : seconds
            return true
        }
    }
}
