import Bytes
import Columns

extension Cast {
    // MARK: out of text

    /// Blanks around the text don't count.
    func fromText(_ operand: Operand, _ count: Int) throws(SQLError) -> Column {
        let texts = operand.texts()
        let valid = operand.validity(count)
        switch to {
        case .varchar, .varbinary:
            if case .column(let column) = operand {
                return Column(type: to.fieldType, count: count, validity: valid, storage: column.storage)
            }
            return .repeating(.bytes(texts.array(0)), type: to.fieldType, count: count)
        case .boolean:
            return .bools(
                try Loop.mapValid(count, valid, filler: false) { (row) throws(SQLError) -> Bool? in
                    try boolean(texts.text(row))
                })
        case .tinyint, .smallint, .integer, .bigint:
            let range = Cast.range(to)
            return .int64s(
                try Loop.mapValid(count, valid, filler: 0) { (row) throws(SQLError) -> Int64? in
                    try integer(texts.text(row), range)
                })
        case .decimal: return try toDecimal(operand, count)
        case .float, .double:
            return .float64s(
                try Loop.mapValid(count, valid, filler: 0) { (row) throws(SQLError) -> Double? in
                    try double(texts.text(row))
                })
        case .timestamp, .date, .time:
            return .int64s(
                try Loop.mapValid(count, valid, filler: 0) { (row) throws(SQLError) -> Int64? in
                    try time(texts.text(row))
                }, to.fieldType)
        case .ip:
            let made = try Loop.mapValid(count, valid, filler: IPAddress(high: 0, low: 0)) {
                (row) throws(SQLError) -> IPAddress? in
                let text = texts.text(row)
                if let address = IPAddress(text: text.extracting(Cast.trimmed(text))) { return address }
                return try unreadable(text)
            }
            return Column(type: .ip, count: count, validity: made.validity, storage: .ip(made.values))
        case .json:
            var builder = TextBuilder(count: count, validity: valid, limit: context.maximumTextBytes)
            try builder.build { (row, output) throws(SQLError) -> Bool in
                let text = texts.text(row)
                guard JSONText.isValid(text) else { return try (unreadable(text) as Bool?) ?? false }
                texts.append(row, to: &output)
                return true
            }
            return builder.finish(.json)
        default: throw Cast.impossible(from, to)
        }
    }

    static func trimmed(_ text: Span<UInt8>) -> Range<Int> {
        var lower = 0
        var upper = text.count
        while lower < upper, text[lower] <= 0x20 { lower += 1 }
        while upper > lower, text[upper - 1] <= 0x20 { upper -= 1 }
        return lower..<upper
    }

    private func boolean(_ text: Span<UInt8>) throws(SQLError) -> Bool? {
        let word = text.extracting(Cast.trimmed(text))
        guard word.count <= 5 else { return try unreadable(text) }
        var key: UInt64 = 0
        for index in 0..<word.count { key = key << 8 | UInt64(word[index].lowercasedASCII) }
        switch key {
        case 0x74, 0x7472_7565, 0x79, 0x79_6573, 0x31: return true  // t, true, y, yes, 1
        case 0x66, 0x66_616c_7365, 0x6e, 0x6e6f, 0x30: return false  // f, false, n, no, 0
        default: return try unreadable(text)
        }
    }

    /// A fraction is cut off, as Flink does.
    private func integer(_ text: Span<UInt8>, _ range: ClosedRange<Int64>) throws(SQLError) -> Int64? {
        let digits = text.extracting(Cast.trimmed(text))
        if let value = NumberParser.int64(digits) {
            return range.contains(value) ? value : try outOfRange("\(value)")
        }
        var point = 0
        while point < digits.count, digits[point] != UInt8(ascii: ".") { point += 1 }
        for index in 0..<digits.count where index != point && digits[index] &- 48 > 9 {
            if index > 0 || (digits[0] != UInt8(ascii: "-") && digits[0] != UInt8(ascii: "+")) {
                return try unreadable(text)
            }
        }
        if point < digits.count, let value = NumberParser.int64(digits.extracting(0..<point)) {
            return range.contains(value) ? value : try outOfRange("\(value)")
        }
        // Digits only, and yet no 64-bit number: too long, or none before the point.
        guard point > 18 else { return try unreadable(text) }
        return try outOfRange(Cast.string(digits))
    }

    private static func string(_ text: Span<UInt8>) -> String {
        var bytes: [UInt8] = []
        for index in 0..<min(text.count, 60) { bytes.append(text[index]) }
        return String(decoding: bytes, as: UTF8.self)
    }

    private func double(_ text: Span<UInt8>) throws(SQLError) -> Double? {
        let digits = text.extracting(Cast.trimmed(text))
        guard let value = NumberParser.float64(digits) ?? Cast.special(digits) else { return try unreadable(text) }
        return to == .float ? Double(Float(value)) : value
    }

    /// `NaN`, `Infinity` and `-Infinity`, as Java reads them.
    private static func special(_ text: Span<UInt8>) -> Double? {
        guard text.count <= 9 else { return nil }
        switch string(text) {
        case "NaN": return .nan
        case "Infinity", "+Infinity": return .infinity
        case "-Infinity": return -.infinity
        default: return nil
        }
    }

    private func time(_ text: Span<UInt8>) throws(SQLError) -> Int64? {
        let moment = text.extracting(Cast.trimmed(text))
        if to == .time {
            // A time of day is read as one of the first day.
            var bytes = Array("1970-01-01 ".utf8)
            for index in 0..<min(moment.count, 30) { bytes.append(moment[index]) }
            guard moment.count <= 18, let value = TimeParser.iso8601(bytes.span) else { return try unreadable(text) }
            return Instant.floorRemainder(value, Instant.day)
        }
        guard let value = TimeParser.iso8601(moment) else { return try unreadable(text) }
        return to == .date ? Instant.days(value) : value
    }

    // MARK: into text

    func toText(_ operand: Operand, _ count: Int) throws(SQLError) -> Column {
        let isJSON = to == .json
        let quote = UInt8(ascii: "\"")
        var builder = TextBuilder(
            count: count, validity: operand.validity(count), limit: context.maximumTextBytes)
        switch from.fieldType {
        case .bool:
            let bits = operand.bits(count)
            try builder.build { row, output in
                let text: StaticString = isJSON ? (bits[row] ? "true" : "false") : bits[row] ? "TRUE" : "FALSE"
                output.append(contentsOf: "\(text)".utf8)
                return true
            }
        case .float64:
            let values = operand.float64s()
            try builder.build { row, output in
                if isJSON && !values[row].isFinite { return false }
                appendNumber(values[row], to: &output)
                return true
            }
        case .int64, .timestamp:
            let values = operand.int64s()
            let isQuoted = isJSON && !from.isInteger
            try builder.build { row, output in
                if isQuoted { output.append(quote) }
                appendInteger(values[row], to: &output)
                if isQuoted { output.append(quote) }
                return true
            }
        case .ip:
            let values = operand.addresses()
            try builder.build { row, output in
                if isJSON { output.append(quote) }
                values[row].append(to: &output)
                if isJSON { output.append(quote) }
                return true
            }
        case .decimal(let scale):
            let values = operand.decimals()
            try builder.build { row, output in
                NumberWriter.append(decimal: values[row], scale: Int(scale), to: &output)
                return true
            }
        case .string, .bytes, .json:
            let texts = operand.texts()
            try builder.build { row, output in
                if from == .json { return Cast.appendJSON(texts.text(row), to: &output) }
                texts.append(row, to: &output)
                return true
            }
        }
        return builder.finish(to.fieldType)
    }

    /// A JSON string as its text, null as NULL, the rest as it is written.
    private static func appendJSON(_ text: Span<UInt8>, to output: inout [UInt8]) -> Bool {
        let start = JSONText.skipBlanks(text, 0)
        var end = text.count
        while end > start, text[end - 1] <= 0x20 { end -= 1 }
        let value = text.extracting(start..<end)
        switch JSONText.byte(value, 0) {
        case UInt8(ascii: "\"") where value.count >= 2: return JSONText.appendScalar(value, to: &output)
        case UInt8(ascii: "n"): return false
        default:
            for index in 0..<value.count { output.append(value[index]) }
            return true
        }
    }

    private func appendNumber(_ value: Double, to output: inout [UInt8]) {
        if from == .float {
            // The shortest text that reads back as the same single.
            output.append(contentsOf: Float(value).description.utf8)
            return
        }
        NumberWriter.append(value, to: &output)
    }

    private func appendInteger(_ value: Int64, to output: inout [UInt8]) {
        switch from {
        case .timestamp: TimeWriter.appendSQL(value, to: &output)
        case .date: TimeWriter.appendDate(CivilTime(microseconds: value &* Instant.day), to: &output)
        case .time: TimeWriter.appendTime(CivilTime(microseconds: value), to: &output)
        case .intervalYearMonth:
            output.append(value < 0 ? UInt8(ascii: "-") : UInt8(ascii: "+"))
            NumberWriter.append(value.magnitude / 12, to: &output)
            output.append(UInt8(ascii: "-"))
            NumberWriter.append(value.magnitude % 12, width: 2, to: &output)
        case .intervalDaySecond:
            let size = Int64(clamping: value.magnitude)
            output.append(value < 0 ? UInt8(ascii: "-") : UInt8(ascii: "+"))
            NumberWriter.append(UInt64(size / Instant.day), to: &output)
            output.append(0x20)
            TimeWriter.appendTime(CivilTime(microseconds: size % Instant.day), to: &output)
        default: NumberWriter.append(value, to: &output)
        }
    }
}
