extension Parser {
    /// Whether `INTERVAL` here begins a literal and is no column's name.
    var atInterval: Bool {
        let next = lookahead(1)
        if next.kind == .text || next.kind == .number { return true }
        return next.kind == .symbol(.minus) && (lookahead(2).kind == .text || lookahead(2).kind == .number)
    }

    /// `INTERVAL '…' unit [TO unit]`
    mutating func intervalLiteral() throws(SQLError) -> Expression {
        let position = advance().position
        let isNegative = accept(.minus)
        let text = advance()
        let unit = try intervalUnit()
        var last = unit
        if at(.to) {
            advance()
            last = try intervalUnit()
        }
        guard let amount = IntervalText.read(text.text, from: unit, to: last) else {
            throw SQLError(
                .invalidLiteral, "'\(text.text.prefix(40))' is no interval of \(Self.shown(unit, last))",
                at: text.position, suggestion: "for instance \(IntervalText.example(from: unit, to: last))")
        }
        let signed = isNegative ? -amount : amount
        return .literal(unit.months != nil ? .intervalYearMonth(signed) : .intervalDaySecond(signed), position)
    }

    private static func shown(_ first: TimeUnitName, _ last: TimeUnitName) -> String {
        first == last ? first.rawValue : "\(first.rawValue) TO \(last.rawValue)"
    }

    /// A unit; a precision in parentheses is read and not needed.
    private mutating func intervalUnit() throws(SQLError) -> TimeUnitName {
        guard case .word = token.kind, let unit = TimeUnitName(word: token.text),
            unit.microseconds ?? unit.months != nil
        else {
            let known = TimeUnitName.allCases.filter { $0.microseconds ?? $0.months != nil }.map(\.rawValue)
            var suggestion: String?
            if case .word = token.kind { suggestion = Suggestion.phrase(for: token.text, among: known) }
            throw SQLError(
                .syntax, "expected a unit of time after INTERVAL, found \(token.shown)", at: token.position,
                suggestion: suggestion ?? "for instance INTERVAL '10' SECOND")
        }
        advance()
        if accept(.leftParenthesis) {
            _ = try count("digits")
            if accept(.comma) { _ = try count("digits") }
            try expect(.rightParenthesis)
        }
        return unit
    }
}

/// The text inside of an interval literal.
enum IntervalText {
    /// Units that make up a range, the separator before each, and the largest value it takes when it isn't first.
    private static let dayParts: [(unit: TimeUnitName, separator: UInt8, maximum: Int64)] = [
        (.day, 0, 0),
        (.hour, UInt8(ascii: " "), 23),
        (.minute, UInt8(ascii: ":"), 59),
        (.second, UInt8(ascii: ":"), 59),
    ]

    /// The amount in microseconds, or in months for units of months; `nil` where the text doesn't fit the units or
    /// the amount 64 bits.
    static func read(_ text: String, from first: TimeUnitName, to last: TimeUnitName) -> Int64? {
        var bytes = Array(text.utf8)[...]
        while bytes.first == UInt8(ascii: " ") { bytes.removeFirst() }
        while bytes.last == UInt8(ascii: " ") { bytes.removeLast() }
        let isNegative = bytes.first == UInt8(ascii: "-")
        if isNegative || bytes.first == UInt8(ascii: "+") { bytes.removeFirst() }
        guard let amount = magnitude(&bytes, from: first, to: last), bytes.isEmpty else { return nil }
        return isNegative ? -amount : amount
    }

    static func example(from first: TimeUnitName, to last: TimeUnitName) -> String {
        if first == last { return "INTERVAL '10' \(first.rawValue)" }
        if first == .year, last == .month { return "INTERVAL '1-6' YEAR TO MONTH" }
        let samples: [TimeUnitName: String] = [.day: "3", .hour: " 04", .minute: ":30", .second: ":15"]
        guard let start = dayParts.firstIndex(where: { $0.unit == first }),
            let end = dayParts.firstIndex(where: { $0.unit == last }), start < end
        else { return "INTERVAL '1:30' MINUTE TO SECOND" }
        let text = dayParts[start...end].map { samples[$0.unit] ?? "" }.joined()
        let trimmed = text.drop { $0 == " " || $0 == ":" }
        return "INTERVAL '\(trimmed)' \(first.rawValue) TO \(last.rawValue)"
    }

    private static func magnitude(
        _ bytes: inout ArraySlice<UInt8>, from first: TimeUnitName, to last: TimeUnitName
    ) -> Int64? {
        if first == last {
            if first == .second { return seconds(&bytes, maximum: nil) }
            guard let value = digits(&bytes), let unit = first.months ?? first.microseconds else { return nil }
            return product(value, unit)
        }
        if first == .year, last == .month {
            guard let years = digits(&bytes), take(UInt8(ascii: "-"), from: &bytes), let months = digits(&bytes),
                months < 12, let total = product(years, 12)
            else { return nil }
            return sum(total, months)
        }
        guard let start = dayParts.firstIndex(where: { $0.unit == first }),
            let end = dayParts.firstIndex(where: { $0.unit == last }), start < end
        else { return nil }
        var total: Int64 = 0
        for place in start...end {
            let part = dayParts[place]
            if place > start, !take(part.separator, from: &bytes) { return nil }
            let value: Int64?
            if part.unit == .second {
                value = seconds(&bytes, maximum: part.maximum)
            } else {
                value = digits(&bytes).flatMap { amount in
                    place > start && amount > part.maximum ? nil : product(amount, part.unit.microseconds ?? 0)
                }
            }
            guard let value, let next = sum(total, value) else { return nil }
            total = next
        }
        return total
    }

    /// `s[.f]`, to the microsecond.
    private static func seconds(_ bytes: inout ArraySlice<UInt8>, maximum: Int64?) -> Int64? {
        guard let whole = digits(&bytes), whole <= maximum ?? .max, let total = product(whole, 1_000_000) else {
            return nil
        }
        guard take(UInt8(ascii: "."), from: &bytes) else { return total }
        var fraction: Int64 = 0
        var scale: Int64 = 100_000
        var count = 0
        while let byte = bytes.first, byte >= 48, byte <= 57, count < 9 {
            fraction += Int64(byte - 48) * scale
            scale /= 10
            count += 1
            bytes.removeFirst()
        }
        return count == 0 ? nil : sum(total, fraction)
    }

    private static func digits(_ bytes: inout ArraySlice<UInt8>) -> Int64? {
        var value: Int64 = 0
        var count = 0
        while let byte = bytes.first, byte >= 48, byte <= 57, count < 18 {
            value = value * 10 + Int64(byte - 48)
            count += 1
            bytes.removeFirst()
        }
        return count == 0 ? nil : value
    }

    private static func take(_ separator: UInt8, from bytes: inout ArraySlice<UInt8>) -> Bool {
        guard bytes.first == separator else { return false }
        bytes.removeFirst()
        return true
    }

    private static func product(_ left: Int64, _ right: Int64) -> Int64? {
        let (value, overflow) = left.multipliedReportingOverflow(by: right)
        return overflow ? nil : value
    }

    private static func sum(_ left: Int64, _ right: Int64) -> Int64? {
        let (value, overflow) = left.addingReportingOverflow(right)
        return overflow ? nil : value
    }
}
