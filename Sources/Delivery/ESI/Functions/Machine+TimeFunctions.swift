import Bytes
import HTTPWire

/// Time and chance. All times are UTC.
extension Machine {
    mutating func callTime(
        _ function: Function, _ arguments: Arguments, _ page: inout Page
    ) throws(ESIFault) -> Value {
        switch function {
        case .time: return .integer(page.request.now)
        case .httpTime:
            let seconds = try seconds(arguments, &page, "http_time")
            var out: [UInt8] = []
            HTTPDate.append(seconds, to: &out)
            return .text(Text(out))
        case .strftime:
            let seconds = try seconds(arguments, &page, "strftime")
            let format = try text(1, arguments, &page)
            let out = try TimeFormat.write(seconds, format.span)
            try page.check(size: out.count)
            return .text(Text(out, taint: format.taint))
        case .rand:
            let bound = arguments.count > 0 ? try number(0, arguments, &page, "rand") : 100_000_000
            guard bound > 0 else { throw .expression("bad_bound", "$rand needs a bound above 0, not \(bound)") }
            let value = Int64(page.random.next() % UInt64(bound))
            page.lastRandom = value
            return .integer(value)
        default: return page.lastRandom.map { .integer($0) } ?? .undefined
        }
    }

    /// The first argument, or now; within the years 0 to 9999.
    private mutating func seconds(
        _ arguments: Arguments, _ page: inout Page, _ function: StaticString
    ) throws(ESIFault) -> Int64 {
        guard arguments.count > 0 else { return page.request.now }
        let value = try argument(0, arguments, &page)
        if value.isUndefined { return page.request.now }
        guard let seconds = value.integer else { throw .notInteger(value, "$\(function)") }
        guard (-62_167_219_200...253_402_300_799).contains(seconds) else {
            throw .expression("bad_time", "\(seconds) seconds are outside the years 0 to 9999")
        }
        return seconds
    }
}

/// `strftime` as POSIX has it, in the C locale and UTC.
enum TimeFormat {
    static func write(_ seconds: Int64, _ format: Span<UInt8>) throws(ESIFault) -> [UInt8] {
        let civil = CivilTime(microseconds: seconds * 1_000_000)
        var out: [UInt8] = []
        var index = 0
        while index < format.count {
            let byte = format[index]
            index += 1
            guard byte == UInt8(ascii: "%"), index < format.count else {
                out.append(byte)
                continue
            }
            let letter = format[index]
            index += 1
            guard append(letter, civil, seconds, to: &out) else {
                throw .expression(
                    "bad_format", "$strftime knows no %\(String(decoding: [letter], as: UTF8.self))")
            }
        }
        return out
    }

    private static let weekdays = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"]
    private static let months = [
        "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
        "December",
    ]

    private static func append(_ letter: UInt8, _ civil: CivilTime, _ seconds: Int64, to out: inout [UInt8]) -> Bool {
        func number(_ value: Int, _ width: Int) { NumberWriter.append(UInt64(max(0, value)), width: width, to: &out) }
        func several(_ letters: String) {
            for letter in letters.utf8 {
                if !append(letter, civil, seconds, to: &out) { out.append(letter) }
            }
        }
        func padded(_ value: Int) {
            if value < 10 { out.append(0x20) }
            NumberWriter.append(value, to: &out)
        }
        let hour12 = civil.hour % 12 == 0 ? 12 : civil.hour % 12
        switch UnicodeScalar(letter) {
        case "a": out.append(contentsOf: weekdays[civil.weekday].utf8.prefix(3))
        case "A": out.append(contentsOf: weekdays[civil.weekday].utf8)
        case "b", "h": out.append(contentsOf: months[civil.month - 1].utf8.prefix(3))
        case "B": out.append(contentsOf: months[civil.month - 1].utf8)
        case "c": several("a b e T Y")
        case "C": number(civil.year / 100, 2)
        case "d": number(civil.day, 2)
        case "D", "x": several("m/d/y")
        case "e": padded(civil.day)
        case "F":
            number(civil.year, 4)
            several("-m-d")
        case "H": number(civil.hour, 2)
        case "I": number(hour12, 2)
        case "j": number(civil.dayOfYear, 3)
        case "k": padded(civil.hour)
        case "l": padded(hour12)
        case "m": number(civil.month, 2)
        case "M": number(civil.minute, 2)
        case "n": out.append(0x0A)
        case "p": out.append(contentsOf: civil.hour < 12 ? "AM" : "PM")
        case "r": several("I:M:S p")
        case "R": several("H:M")
        case "s": NumberWriter.append(seconds, to: &out)
        case "S": number(civil.second, 2)
        case "t": out.append(0x09)
        case "T", "X": several("H:M:S")
        case "u": NumberWriter.append(civil.weekday == 0 ? 7 : civil.weekday, to: &out)
        case "w": NumberWriter.append(civil.weekday, to: &out)
        case "U": number((civil.dayOfYear + 6 - civil.weekday) / 7, 2)
        case "W": number((civil.dayOfYear + 6 - (civil.weekday + 6) % 7) / 7, 2)
        case "y": number(civil.year % 100, 2)
        case "Y": NumberWriter.append(civil.year, to: &out)
        case "z": out.append(contentsOf: "+0000")
        case "Z": out.append(contentsOf: "UTC")
        case "%": out.append(letter)
        default: return false
        }
        return true
    }
}
