import Bytes

extension Parser {
    /// An integer, a decimal, or with an exponent a double.
    mutating func number(negative: Bool, at position: SourcePosition) throws(SQLError) -> Expression {
        let text = advance().text
        if let integer = Int64(negative ? "-" + text : text) { return .literal(.integer(integer), position) }
        guard text.contains(where: { $0 == "e" || $0 == "E" }) else {
            return .literal(try Self.decimal(text, isNegative: negative, at: position), position)
        }
        // "1." and ".5" are numbers, in Swift's reader too once a zero stands beside the point.
        var spelled = text.hasPrefix(".") ? "0" + text : text
        if spelled.hasSuffix(".") { spelled += "0" }
        spelled = spelled.split(separator: ".", omittingEmptySubsequences: false)
            .joined(separator: ".").replacingPointBeforeExponent()
        guard let value = Double(spelled), value.isFinite else {
            throw SQLError(.invalidLiteral, "the number \(text.prefix(40)) is out of range", at: position)
        }
        return .literal(.number(negative ? -value : value), position)
    }

    /// As Flink: as many digits as are written, a zero before the point too.
    private static func decimal(
        _ text: String, isNegative: Bool, at position: SourcePosition
    ) throws(SQLError) -> Literal {
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        let scale = parts.count > 1 ? parts[1].utf8.count : 0
        let digits = Array(parts.joined().utf8)
        if scale == 0, let integer = Int64((isNegative ? "-" : "") + parts[0]) { return .integer(integer) }
        let needed = max(digits.count - (digits.firstIndex { $0 != 48 } ?? digits.count), scale, 1)
        guard needed <= SQLType.maximumPrecision,
            case .value(let units) = NumberParser.decimal(digits.span, scale: 0)
        else {
            throw SQLError(
                .invalidLiteral, "the number \(text.prefix(40)) has more than \(SQLType.maximumPrecision) digits",
                at: position, suggestion: "with an exponent (1.5e0) a number is a DOUBLE")
        }
        return .decimal(
            isNegative ? -units : units, precision: min(digits.count, SQLType.maximumPrecision), scale: scale)
    }
}

extension String {
    /// `1.e5` as `1.0e5`.
    fileprivate func replacingPointBeforeExponent() -> String {
        guard let point = firstIndex(of: "."), let next = index(point, offsetBy: 1, limitedBy: endIndex),
            next < endIndex, self[next] == "e" || self[next] == "E"
        else { return self }
        return self[...point] + "0" + self[next...]
    }
}
