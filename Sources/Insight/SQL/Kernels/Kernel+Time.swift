import Bytes
import Columns

extension Kernel {
    func time(_ arguments: [Argument], _ count: Int) throws(SQLError) -> Column {
        switch function {
        case .extract: return extract(arguments[1], count)
        case .floorTime, .ceilTime: return rounded(arguments[0], count)
        case .timestampAdd: return added(arguments, count)
        case .timestampDiff: return difference(arguments, count)
        case .dateFormat where arguments[0].type == .varchar: return try formattedText(arguments, count)
        case .dateFormat, .fromUnixTime: return try formatted(arguments, count)
        case .toTimestampLTZ: return try fromEpoch(arguments, count)
        default: return try parsed(arguments, count)
        }
    }

    private var unit: TimeUnitName {
        if case .unit(let unit) = prepared { return unit }
        preconditionFailure("\(function) without a unit")
    }

    private func extract(_ argument: Argument, _ count: Int) -> Column {
        let values = argument.operand.int64s()
        let unit = unit
        let result: [Int64]
        switch argument.type {
        case .date: result = Loop.map(values, count, filler: 0) { Instant.field($0 &* Instant.day, unit) }
        case .intervalYearMonth:
            let months = unit.months ?? 1
            result = Loop.map(values, count, filler: 0) { unit == .month ? $0 % 12 : $0 / months }
        case .intervalDaySecond:
            result = Loop.map(values, count, filler: 0) { Kernel.intervalField($0, unit) }
        default:
            // A switch in the row loop would cost more than the field.
            switch unit {
            case .hour: result = fields(values, count, in: Instant.day, of: 3_600_000_000)
            case .minute: result = fields(values, count, in: 3_600_000_000, of: 60_000_000)
            case .second: result = fields(values, count, in: 60_000_000, of: 1_000_000)
            default: result = Loop.map(values, count, filler: 0) { Instant.field($0, unit) }
            }
        }
        return .int64s((result, argument.operand.validity(count)))
    }

    private func fields(_ values: Values<Int64>, _ count: Int, in whole: Int64, of part: Int64) -> [Int64] {
        Loop.map(values, count, filler: 0) { Instant.floorRemainder($0, whole) / part }
    }

    private static func intervalField(_ interval: Int64, _ unit: TimeUnitName) -> Int64 {
        switch unit {
        case .hour: interval % Instant.day / 3_600_000_000
        case .minute: interval % 3_600_000_000 / 60_000_000
        case .second: interval % 60_000_000 / 1_000_000
        case .millisecond: interval % 1_000_000 / 1_000
        case .microsecond: interval % 1_000_000
        case .epoch: interval / 1_000_000
        default: interval / (unit.microseconds ?? Instant.day)
        }
    }

    private func rounded(_ argument: Argument, _ count: Int) -> Column {
        let values = argument.operand.int64s()
        let unit = unit
        let isFloor = function == .floorTime
        let result: [Int64]
        if argument.type == .date {
            result = Loop.map(values, count, filler: 0) {
                let instant = $0 &* Instant.day
                return Instant.days(isFloor ? Instant.floor(instant, unit) : Instant.ceil(instant, unit))
            }
        } else if isFloor, unit != .week, let length = unit.microseconds {
            result = Loop.map(values, count, filler: 0) { $0 &- Instant.floorRemainder($0, length) }
        } else {
            result = Loop.map(values, count, filler: 0) { isFloor ? Instant.floor($0, unit) : Instant.ceil($0, unit) }
        }
        return .int64s((result, argument.operand.validity(count)), type.fieldType)
    }

    private func added(_ arguments: [Argument], _ count: Int) -> Column {
        let amounts = arguments[1].operand.int64s()
        let times = arguments[2].operand.int64s()
        let valid = validity(arguments, count)
        let isDate = arguments[2].type == .date
        if let length = unit.microseconds {
            let step = isDate ? length / Instant.day : length
            return .int64s((Loop.map(times, amounts, count, filler: 0) { $0 &+ $1 &* step }, valid), type.fieldType)
        }
        let months = unit.months ?? 0
        let result = Loop.map(times, amounts, count, filler: 0) {
            isDate ? Instant.addMonths(days: $0, $1 &* months) : Instant.addMonths($0, $1 &* months)
        }
        return .int64s((result, valid), type.fieldType)
    }

    private func difference(_ arguments: [Argument], _ count: Int) -> Column {
        let starts = arguments[1].operand.int64s()
        let ends = arguments[2].operand.int64s()
        let valid = validity(arguments, count)
        if let length = unit.microseconds {
            return .int64s((wrapped(Loop.map(starts, ends, count, filler: 0) { ($1 &- $0) / length }), valid))
        }
        let months = unit.months ?? 1
        let result = Loop.map(starts, ends, count, filler: 0) { Instant.months(from: $0, to: $1) / months }
        return .int64s((wrapped(result), valid))
    }

    // MARK: text

    private func formatted(_ arguments: [Argument], _ count: Int) throws(SQLError) -> Column {
        let times: Values<Int64>
        if function == .fromUnixTime {
            let seconds = arguments[0]
            if seconds.type.fieldType == .float64 {
                let values = seconds.operand.float64s()
                times = Values(column: Loop.map(values, count, filler: 0) { Kernel.saturated($0) &* 1_000_000 })
            } else {
                let values = seconds.operand.int64s()
                times = Values(column: Loop.map(values, count, filler: 0) { $0 &* 1_000_000 })
            }
        } else {
            times = arguments[0].operand.int64s()
        }
        guard case .format(let format) = prepared else {
            return try made([arguments[0]], count) { row, output in
                TimeWriter.appendSQL(times[row], to: &output)
                return true
            }
        }
        return try made([arguments[0]], count) { row, output in
            format.append(times[row], to: &output)
            return true
        }
    }

    /// `DATE_FORMAT` of a text, null where that is no time.
    private func formattedText(_ arguments: [Argument], _ count: Int) throws(SQLError) -> Column {
        guard case .format(let format) = prepared else { return .nulls(type.fieldType, count: count) }
        let texts = arguments[0].operand.texts()
        return try made([arguments[0]], count) { row, output in
            guard let instant = TimeParser.iso8601(texts.text(row)) else { return false }
            format.append(instant, to: &output)
            return true
        }
    }

    /// `TO_TIMESTAMP`, `TO_DATE` and `UNIX_TIMESTAMP`: null for text that isn't of the format.
    private func parsed(_ arguments: [Argument], _ count: Int) throws(SQLError) -> Column {
        let divisor: Int64 = function == .toTimestamp ? 1 : function == .toDate ? Instant.day : 1_000_000
        guard let first = arguments.first else {
            return .repeating(.int64(Instant.floorDivide(context.now, 1_000_000)), type: .int64, count: count)
        }
        if first.type == .timestamp {
            let result = Loop.map(first.operand.int64s(), count, filler: 0) { Instant.floorDivide($0, divisor) }
            return .int64s((result, first.operand.validity(count)), type.fieldType)
        }
        let texts = first.operand.texts()
        var format: TimeFormat?
        if case .format(let given) = prepared { format = given }
        let made = try Loop.mapValid(count, validity(arguments, count), filler: 0) { (row) throws(SQLError) -> Int64? in
            let text = texts.text(row)
            let instant = format != nil ? format!.parse(text) : TimeParser.iso8601(text)
            return instant.map { Instant.floorDivide($0, divisor) }
        }
        return .int64s(made, type.fieldType)
    }

    /// `TO_TIMESTAMP_LTZ(n, precision)`: 0 counts seconds, 3 milliseconds (and so does no precision), 6 and 9 finer.
    private func fromEpoch(_ arguments: [Argument], _ count: Int) throws(SQLError) -> Column {
        let precisions = arguments.count > 1 ? arguments[1].operand.int64s() : Values(constant: 3)
        let valid = validity(arguments, count)
        let isDouble = arguments[0].type.fieldType == .float64
        let doubles = isDouble ? arguments[0].operand.float64s() : Values(constant: 0)
        let integers = isDouble ? Values(constant: 0) : arguments[0].operand.int64s()
        let made = try Loop.mapValid(count, valid, filler: 0) { (row) throws(SQLError) -> Int64? in
            switch precisions[row] {
            case 0: return isDouble ? Kernel.saturated(doubles[row] * 1_000_000) : integers[row] &* 1_000_000
            case 3: return isDouble ? Kernel.saturated(doubles[row] * 1_000) : integers[row] &* 1_000
            case 6: return isDouble ? Kernel.saturated(doubles[row]) : integers[row]
            case 9:
                return isDouble
                    ? Kernel.saturated(doubles[row] / 1_000) : Instant.floorDivide(integers[row], 1_000)
            default:
                throw SQLError(
                    code: .outOfRange, message: "TO_TIMESTAMP_LTZ has no precision \(precisions[row])",
                    suggestion: "0 is seconds, 3 milliseconds, 6 microseconds, 9 nanoseconds")
            }
        }
        return .int64s(made, .timestamp)
    }

    /// Truncated; what doesn't fit becomes the nearest that does, NaN becomes 0, as Java converts.
    static func saturated(_ value: Double) -> Int64 {
        if value.isNaN { return 0 }
        if value >= 9_223_372_036_854_775_808 { return .max }
        if value <= -9_223_372_036_854_775_808 { return .min }
        return Int64(value)
    }

    // MARK: arithmetic

    /// `+`, `-`, `*`, `/` with a time or an interval among the operands.
    func timeArithmetic(
        _ left: Argument, _ right: Argument, _ valid: Bitmap?, _ count: Int
    ) throws(SQLError) -> Column {
        if function == .multiply || function == .divide { return try scaledInterval(left, right, valid, count) }
        // The interval comes second; an addition may have it first.
        let (time, other) = left.type.isInterval && !right.type.isInterval ? (right, left) : (left, right)
        let a = time.operand.int64s()
        let sign: Int64 = function == .subtract ? -1 : 1
        let b = other.operand.int64s()
        let result: [Int64]
        switch (time.type, other.type) {
        case (.date, .date): result = Loop.map(a, b, count, filler: 0) { ($0 &- $1) &* Instant.day }
        case (.timestamp, .intervalYearMonth):
            result = Loop.map(a, b, count, filler: 0) { Instant.addMonths($0, $1 &* sign) }
        case (.date, .intervalYearMonth):
            result = Loop.map(a, b, count, filler: 0) { Instant.addMonths(days: $0, $1 &* sign) }
        case (.date, .intervalDaySecond):
            result = Loop.map(a, b, count, filler: 0) { $0 &+ Instant.floorDivide($1 &* sign, Instant.day) }
        case (.time, .intervalDaySecond):
            result = Loop.map(a, b, count, filler: 0) { Instant.floorRemainder($0 &+ $1 &* sign, Instant.day) }
        case (.time, .intervalYearMonth): result = Loop.map(a, count, filler: 0) { $0 }
        default: result = Loop.map(a, b, count, filler: 0) { $0 &+ $1 &* sign }
        }
        return .int64s((result, valid), type.fieldType)
    }

    private func scaledInterval(
        _ left: Argument, _ right: Argument, _ valid: Bitmap?, _ count: Int
    ) throws(SQLError) -> Column {
        let (interval, factor) = left.type.isInterval ? (left, right) : (right, left)
        let a = interval.operand.int64s()
        let isDivision = function == .divide
        if factor.type.fieldType == .float64 {
            let b = factor.operand.float64s()
            let result = Loop.map(a, b, count, filler: 0) {
                Kernel.saturated(isDivision ? Double($0) / $1 : Double($0) * $1)
            }
            return .int64s((result, valid))
        }
        let b = factor.operand.int64s()
        if isDivision { try refuseZero(b, valid, count) }
        let result = Loop.map(a, b, count, filler: 0) {
            !isDivision ? $0 &* $1 : $1 == 0 ? 0 : $1 == -1 ? 0 &- $0 : $0 / $1
        }
        return .int64s((result, valid))
    }
}
