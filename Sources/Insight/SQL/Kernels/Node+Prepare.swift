import TimeZones

extension Node {
    /// Reads the pattern, path, unit or format of a function once.
    static func prepare(_ function: ScalarFunction, _ arguments: [Node]) throws(SQLError) -> Prepared {
        switch function {
        case .like:
            guard let pattern = arguments[1].text else { return .nothing }
            var escape: [UInt8]?
            if arguments.count > 2 {
                guard let given = arguments[2].text else { return .nothing }
                escape = given
            }
            return .like(try LikePattern(pattern, escape: escape))
        case .regexp, .regexpExtract, .regexpReplace, .regexpCount, .regexpInstr, .regexpSubstr,
            .regexpExtractAll:
            guard let pattern = arguments[1].text else { return .nothing }
            return .regex(try Regex(pattern))
        case .jsonValue, .jsonQuery, .jsonExists, .jsonElement, .jsonWrapped, .jsonWrappedIfNeeded, .jsonOutcome:
            guard let path = arguments[1].text else { throw mustBeLiteral(function, "path") }
            return .path(try JSONPath(path))
        case .isJSON:
            if arguments.count < 2 { return .jsonKind(.value) }
            guard let kind = arguments[1].text else { throw mustBeLiteral(function, "kind") }
            return .jsonKind(try JSONKind(kind))
        case .extract: return .unit(try unit(function, arguments[0]))
        case .timestampAdd, .timestampDiff:
            return try countable(function, try unit(function, arguments[0]), on: arguments[2].type)
        case .floorTime, .ceilTime:
            return try countable(function, try unit(function, arguments[1]), on: .timestamp)
        case .dateFormat, .toTimestamp, .toDate, .fromUnixTime, .unixTimestamp:
            if arguments.count < 2 { return .nothing }
            if arguments[1].constant == .null { return .nothing }
            guard let format = arguments[1].text else { throw mustBeLiteral(function, "format") }
            return .format(try TimeFormat(format))
        case .toTimestampInZone:
            try requireZones([arguments[2]])
            if arguments[1].constant == .null { return .nothing }
            guard let format = arguments[1].text else { throw mustBeLiteral(function, "format") }
            return .format(try TimeFormat(format))
        case .convertZone:
            try requireZones([arguments[1], arguments[2]])
            return .nothing
        case .encode, .decode:
            if let name = arguments[1].text { _ = try CharacterSet(name) }
            return .nothing
        case .ipInCIDR:
            if arguments[1].constant == .null { return .nothing }
            guard let network = arguments[1].text else { throw mustBeLiteral(function, "network") }
            return .network(try IPNetwork(network))
        default: return .nothing
        }
    }

    /// Refuses constants that name no time zone.
    private static func requireZones(_ nodes: [Node]) throws(SQLError) {
        for node in nodes {
            guard let text = node.text else { continue }
            let name = String(decoding: text, as: UTF8.self)
            guard ZoneRules.named(name) != nil else { throw .unknownZone(name) }
        }
    }

    /// The bytes of a constant text.
    var text: [UInt8]? {
        if case .bytes(let bytes)? = constant { return bytes }
        return nil
    }

    private static func unit(_ function: ScalarFunction, _ node: Node) throws(SQLError) -> TimeUnitName {
        guard let name = node.text else { throw mustBeLiteral(function, "unit") }
        let text = String(decoding: name, as: UTF8.self)
        guard let unit = TimeUnitName(word: text) else {
            throw SQLError(
                code: .invalidLiteral, message: "'\(text)' is no unit of time",
                suggestion: Suggestion.phrase(for: text, among: TimeUnitName.allCases.map(\.rawValue)))
        }
        return unit
    }

    /// Refuses a unit that can only be extracted, and one below a day on a DATE.
    private static func countable(
        _ function: ScalarFunction, _ unit: TimeUnitName, on time: SQLType
    ) throws(SQLError) -> Prepared {
        guard unit.microseconds ?? unit.months != nil else {
            throw SQLError(code: .typeMismatch, message: "\(function.rawValue) can't count in \(unit.rawValue)")
        }
        if time == .date, let length = unit.microseconds, length < Instant.day {
            throw SQLError(
                code: .typeMismatch, message: "\(function.rawValue) can't use \(unit.rawValue) on a DATE",
                suggestion: "CAST it to TIMESTAMP")
        }
        return .unit(unit)
    }

    private static func mustBeLiteral(_ function: ScalarFunction, _ what: String) -> SQLError {
        SQLError(code: .unsupported, message: "the \(what) of \(function.rawValue) must be a literal")
    }
}
