import Bytes
import Columns
import TimeZones

extension Kernel {
    /// `CONVERT_TZ(text, from, to)`, null for text that is no time.
    func convertedZone(_ arguments: [Argument], _ count: Int) throws(SQLError) -> Column {
        let texts = arguments[0].operand.texts()
        let (from, to) = (arguments[1].operand.texts(), arguments[2].operand.texts())
        var zones = NamedZones()
        return try made(arguments, count) { (row, output) throws(SQLError) -> Bool in
            guard let instant = TimeParser.iso8601(texts.text(row)) else { return false }
            let moment = try zones[from.array(row)].moment(ofLocal: Instant.floorDivide(instant, 1_000_000))
            let local = moment &+ (try zones[to.array(row)]).offset(at: moment)
            TimeWriter.appendSQL(local &* 1_000_000, to: &output)
            return true
        }
    }

    /// `TO_TIMESTAMP_LTZ(text, format, zone)`, null for text that isn't of the format.
    func parsedInZone(_ arguments: [Argument], _ count: Int) throws(SQLError) -> Column {
        guard case .format(let format) = prepared else { return .nulls(type.fieldType, count: count) }
        let (texts, names) = (arguments[0].operand.texts(), arguments[2].operand.texts())
        var zones = NamedZones()
        let made = try Loop.mapValid(count, validity(arguments, count), filler: 0) { (row) throws(SQLError) -> Int64? in
            guard let local = format.parse(texts.text(row)) else { return nil }
            let moment = try zones[names.array(row)].moment(ofLocal: Instant.floorDivide(local, 1_000_000))
            return moment &* 1_000_000 &+ Instant.floorRemainder(local, 1_000_000)
        }
        return .int64s(made, type.fieldType)
    }
}

/// The zones that a batch's rows name.
private struct NamedZones {
    private var known: [[UInt8]: ZoneRules] = [:]

    subscript(name: [UInt8]) -> ZoneRules {
        mutating get throws(SQLError) {
            if let found = known[name] { return found }
            let text = String(decoding: name, as: UTF8.self)
            guard let rules = ZoneRules.named(text) else { throw .unknownZone(text) }
            known[name] = rules
            return rules
        }
    }
}

extension SQLError {
    static func unknownZone(_ name: String) -> SQLError {
        SQLError(
            code: .invalidLiteral, message: "there is no time zone '\(name.prefix(64))' here",
            suggestion: "for instance 'Europe/Rome', 'UTC' or 'GMT+02:00'")
    }
}
