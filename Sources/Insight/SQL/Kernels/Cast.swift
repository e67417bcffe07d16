import Bytes
import Columns

/// `CAST` and `TRY_CAST` between two types.
struct Cast {
    let from: SQLType
    let to: SQLType
    let isTry: Bool
    let context: EvaluationContext

    static func exists(from: SQLType, to: SQLType) -> Bool {
        if from == to || from == .null || to == .null { return true }
        if from.isNumeric && to.isNumeric { return true }
        switch (from, to) {
        case (.varchar, _): return !to.isInterval
        case (_, .varchar): return true
        case (.boolean, _): return to.isNumeric || to == .json
        case (_, .boolean): return from.isNumeric || from == .json
        case (.timestamp, .date), (.timestamp, .time), (.date, .timestamp): return true
        case (.json, _): return !to.isInterval && to != .varbinary
        case (_, .json): return !from.isInterval && from != .varbinary
        default: return false
        }
    }

    static func canFail(from: SQLType, to: SQLType) -> Bool {
        switch (from, to) {
        case (.varchar, .varbinary), (.null, _): return false
        case (.varchar, _), (.json, _): return true
        default: break
        }
        return to.isInteger && from.isNumeric
    }

    static func impossible(_ from: SQLType, _ to: SQLType) -> SQLError {
        var suggestion: String?
        if from.isNumeric && to == .timestamp {
            suggestion = "TO_TIMESTAMP_LTZ(n, 3) reads milliseconds since 1970, TO_TIMESTAMP_LTZ(n, 0) seconds"
        }
        if from == .timestamp && to.isNumeric { suggestion = "UNIX_TIMESTAMP(t) gives seconds since 1970" }
        return SQLError(
            code: .typeMismatch, message: "\(from.name) can't be cast to \(to.name)", suggestion: suggestion)
    }

    func run(_ operand: Operand, _ count: Int) throws(SQLError) -> Column {
        if from == .null || to == .null { return .nulls(to.fieldType, count: count) }
        if from == .varchar { return try fromText(operand, count) }
        if from == .json {
            let text = try Cast(from: .json, to: .varchar, isTry: isTry, context: context).toText(operand, count)
            if to == .varchar { return text }
            return try Cast(from: .varchar, to: to, isTry: isTry, context: context).fromText(.column(text), count)
        }
        if to == .varchar || to == .json { return try toText(operand, count) }
        if to.isDecimal { return try toDecimal(operand, count) }
        if from.isDecimal { return try fromDecimal(operand, count) }
        if from.fieldType == .bool { return fromBoolean(operand, count) }
        if to.isInteger { return try toInteger(operand, count) }
        if to.isNumeric { return toDouble(operand, count) }
        if to == .boolean { return toBoolean(operand, count) }
        return try betweenTimes(operand, count)
    }

    // MARK: numbers

    private func fromBoolean(_ operand: Operand, _ count: Int) -> Column {
        let bits = operand.bits(count)
        let valid = operand.validity(count)
        if to.fieldType == .float64 { return .float64s((Loop.map(count, filler: 0) { bits[$0] ? 1 : 0 }, valid)) }
        return .int64s((Loop.map(count, filler: 0) { bits[$0] ? 1 : 0 }, valid))
    }

    private func toBoolean(_ operand: Operand, _ count: Int) -> Column {
        let valid = operand.validity(count)
        if from.fieldType == .float64 {
            return .bools(Loop.test(operand.float64s(), Values(constant: 0.0), count) { $0 != $1 }, valid)
        }
        return .bools(Loop.test(operand.int64s(), Values(constant: 0), count) { $0 != $1 }, valid)
    }

    private func toInteger(_ operand: Operand, _ count: Int) throws(SQLError) -> Column {
        let valid = operand.validity(count)
        let range = Cast.range(to)
        if from.fieldType == .float64 {
            let values = operand.float64s()
            return .int64s(
                try Loop.mapValid(count, valid, filler: 0) { (row) throws(SQLError) -> Int64? in
                    let value = values[row].rounded(.towardZero)
                    if let whole = Int64(exactly: value), range.contains(whole) { return whole }
                    return try outOfRange("\(values[row])")
                })
        }
        let values = operand.int64s()
        return .int64s(
            try Loop.mapValid(count, valid, filler: 0) { (row) throws(SQLError) -> Int64? in
                let value = values[row]
                return range.contains(value) ? value : try outOfRange("\(value)")
            })
    }

    private func toDouble(_ operand: Operand, _ count: Int) -> Column {
        let valid = operand.validity(count)
        let values: [Double]
        if from.fieldType == .float64 {
            values = Loop.map(operand.float64s(), count, filler: 0) { $0 }
        } else {
            values = Loop.map(operand.int64s(), count, filler: 0) { Double($0) }
        }
        switch to {
        case .float: return .float64s((values.map { Double(Float($0)) }, valid))
        default: return .float64s((values, valid))
        }
    }

    static func range(_ type: SQLType) -> ClosedRange<Int64> {
        switch type {
        case .tinyint: Int64(Int8.min)...Int64(Int8.max)
        case .smallint: Int64(Int16.min)...Int64(Int16.max)
        case .integer: Int64(Int32.min)...Int64(Int32.max)
        default: Int64.min...Int64.max
        }
    }

    // MARK: times

    private func betweenTimes(_ operand: Operand, _ count: Int) throws(SQLError) -> Column {
        let values = operand.int64s()
        let valid = operand.validity(count)
        switch (from, to) {
        case (.timestamp, .date): return .int64s((Loop.map(values, count, filler: 0) { Instant.days($0) }, valid))
        case (.timestamp, .time):
            return .int64s((Loop.map(values, count, filler: 0) { Instant.floorRemainder($0, Instant.day) }, valid))
        case (.date, .timestamp):
            return .int64s((Loop.map(values, count, filler: 0) { $0 &* Instant.day }, valid), .timestamp)
        default: throw Cast.impossible(from, to)
        }
    }

    // MARK: errors

    func outOfRange<Result>(_ value: String) throws(SQLError) -> Result? {
        if isTry { return nil }
        throw SQLError(
            code: .outOfRange, message: "\(value) is out of the range of \(to.name)",
            suggestion: "TRY_CAST gives NULL instead")
    }

    func unreadable<Result>(_ text: Span<UInt8>) throws(SQLError) -> Result? {
        if isTry { return nil }
        var shown: [UInt8] = []
        for index in 0..<min(text.count, 60) { shown.append(text[index]) }
        let dots = text.count > 60 ? "…" : ""
        throw SQLError(
            code: .castFailure,
            message: "'\(String(decoding: shown, as: UTF8.self))\(dots)' can't be cast to \(to.name)",
            suggestion: "TRY_CAST gives NULL instead")
    }
}
