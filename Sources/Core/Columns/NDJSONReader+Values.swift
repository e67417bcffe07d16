import Bytes

extension NDJSONReader {
    /// Reads the object at the cursor.
    /// - Parameter node: the object's place in `paths`.
    /// - Parameter depth: containers around its values, itself included.
    mutating func readObject(_ outer: inout JSONCursor, node: Int32, depth: Int) throws(JSONFault) {
        // Local copies stay in registers; after a fault nobody needs them back.
        var cursor = outer
        var ordinal = self.ordinal
        if depth > cursor.maximumDepth { throw .tooDeep }
        cursor.advance()
        if cursor.token == UInt8(ascii: "}") {
            cursor.advance()
            outer = cursor
            return
        }
        let skipsUnknown = !options.collectsUnknown
        while true {
            let entry = try cursor.entry()
            if ordinal >= options.maximumKeysPerLine { throw .tooManyKeys }
            let target = paths.target(
                cursor.bytes(entry.key), readable: cursor.count - entry.key.lowerBound, node: node, ordinal: ordinal)
            ordinal += 1
            let isContainer = entry.first == UInt8(ascii: "{") || entry.first == UInt8(ascii: "[")
            if target.column < 0, skipsUnknown, JSONText.beginsScalar(entry.first) {
                cursor.skipScalar()
            } else if isContainer || target.column < 0 || target.column == unfitPlace {
                (outer, self.ordinal) = (cursor, ordinal)
                try readOther(&outer, target, key: entry.key, node: node, depth: depth)
                (cursor, ordinal) = (outer, self.ordinal)
            } else {
                guard JSONText.beginsScalar(entry.first) else { throw entry.first == 0 ? .lineEnds : .badValue }
                let value = cursor.scalar()
                let column = Int(target.column)
                if builder[column].count == builder.endedRows {
                    try appendScalar(cursor.bytes(value), first: entry.first, column)
                }
            }
            switch cursor.next() {
            case UInt8(ascii: ","): continue
            case UInt8(ascii: "}"):
                (outer, self.ordinal) = (cursor, ordinal)
                return
            case 0: throw .lineEnds
            default: throw .expectedCommaOrEnd
            }
        }
    }

    /// Reads an object or array, or any value of column `_unfit` or of a key that has no column and is to be collected.
    private mutating func readOther(
        _ cursor: inout JSONCursor, _ target: JSONPaths.Target, key: Range<Int>, node: Int32, depth: Int
    ) throws(JSONFault) {
        let column = Int(target.column)
        let isObject = cursor.token == UInt8(ascii: "{")
        if target.column == unfitPlace {
            appendUnfit(own: cursor.bytes(try cursor.checkedValue(depth: depth)))
            return
        }
        if column >= 0 {
            if builder[column].count > builder.endedRows {
                try cursor.skipValue(depth: depth)
                return
            }
            let isJSON = builder[column].type == .json
            if isJSON || !isObject || target.node < 0 {
                let text = cursor.bytes(try cursor.checkedValue(depth: depth))
                if isJSON { builder[column].append(bytes: text.span) } else { appendUnfit(column, text) }
                return
            }
        }
        if target.node >= 0, isObject {
            try readObject(&cursor, node: target.node, depth: depth + 1)
        } else if options.collectsUnknown {
            let value = try cursor.checkedValue(depth: depth)
            report.unknownValues += 1
            appendUnfit(name: unknownName(cursor.bytes(key).span, node: node), cursor.bytes(value))
        } else {
            try cursor.skipValue(depth: depth)
        }
    }

    /// - Parameter first: the first byte of `text`.
    private mutating func appendScalar(
        _ text: UnsafeBufferPointer<UInt8>, first: UInt8, _ column: Int
    ) throws(JSONFault) {
        let type = builder[column].type
        if first == UInt8(ascii: "\"") {
            guard text.count >= 2, text[text.count - 1] == UInt8(ascii: "\"") else { throw .badValue }
            if type == .timestamp, let time = times.iso8601(text.span.extracting(1..<text.count - 1)) {
                builder[column].append(int64: time)
                return
            }
            try append(text: UnsafeBufferPointer(rebasing: text[1..<text.count - 1]), whole: text, column, type)
        } else if first >= UInt8(ascii: "a") {
            guard let literal = JSONText.literal(text.span) else { throw .badValue }
            append(literal, text: text, column, type)
        } else if case .decimal(let scale) = type {
            guard JSONText.isNumber(text.span) else { throw .badNumber }
            append(decimal: text, whole: text, column, Int(scale))
        } else {
            guard let number = JSONText.number(text.span) else { throw .badNumber }
            if case .integer(let value) = number, type == .int64 {
                builder[column].append(int64: value)
            } else {
                append(number, text: text, column, type)
            }
        }
    }

    /// - Parameter text: what stands between the quotes.
    /// - Parameter whole: with the quotes.
    private mutating func append(
        text: UnsafeBufferPointer<UInt8>, whole: UnsafeBufferPointer<UInt8>, _ column: Int, _ type: FieldType
    ) throws(JSONFault) {
        guard text.span.firstIndex(of: UInt8(ascii: "\\")) == nil else {
            scratch.removeAll(keepingCapacity: true)
            guard JSONText.unescape(text.span, to: &scratch) else { throw .badEscape }
            let plain = scratch
            plain.withUnsafeBufferPointer { append(plain: $0, whole: whole, column, type) }
            return
        }
        append(plain: text, whole: whole, column, type)
    }

    private mutating func append(
        plain text: UnsafeBufferPointer<UInt8>, whole: UnsafeBufferPointer<UInt8>, _ column: Int, _ type: FieldType
    ) {
        switch type {
        case .string, .bytes: builder[column].append(bytes: text.span)
        case .json: builder[column].append(bytes: whole.span)
        case .timestamp:
            if let time = TimeParser.iso8601(text.span) {
                builder[column].append(int64: time)
            } else {
                appendUnfit(column, whole)
            }
        case .ip:
            if let address = IPAddress(text: text.span) {
                builder[column].append(ip: address)
            } else {
                appendUnfit(column, whole)
            }
        // Amounts are often sent as text, so that no reader makes doubles of them.
        case .decimal(let scale): append(decimal: text, whole: whole, column, Int(scale))
        case .bool, .int64, .float64: appendUnfit(column, whole)
        }
    }

    private mutating func append(
        decimal text: UnsafeBufferPointer<UInt8>, whole: UnsafeBufferPointer<UInt8>, _ column: Int, _ scale: Int
    ) {
        if case .value(let value) = NumberParser.decimal(text.span, scale: scale) {
            builder[column].append(decimal: value)
        } else {
            appendUnfit(column, whole)
        }
    }

    private mutating func append(
        _ number: JSONText.Number, text: UnsafeBufferPointer<UInt8>, _ column: Int, _ type: FieldType
    ) {
        switch (type, number) {
        case (.int64, .integer(let value)): builder[column].append(int64: value)
        case (.float64, .integer(let value))
        where options.keepsIntegersExact && Int64(exactly: Double(value)) != value:
            appendUnfit(column, text)
        case (.float64, .integer(let value)): builder[column].append(float64: Double(value))
        case (.float64, .double(let value)) where value.isFinite: builder[column].append(float64: value)
        case (.string, _), (.json, _): builder[column].append(bytes: text.span)
        case (.timestamp, .integer(let milliseconds)):
            let (value, overflow) = milliseconds.multipliedReportingOverflow(by: 1000)
            if overflow { appendUnfit(column, text) } else { builder[column].append(int64: value) }
        case (.int64, .double(let value)):
            // 3.0 is a whole number that someone's printer gave a point.
            if let whole = Int64(exactly: value), abs(value) < 9_007_199_254_740_992 {
                builder[column].append(int64: whole)
            } else {
                appendUnfit(column, text)
            }
        default: appendUnfit(column, text)
        }
    }

    private mutating func append(
        _ literal: JSONText.Literal, text: UnsafeBufferPointer<UInt8>, _ column: Int, _ type: FieldType
    ) {
        switch (literal, type) {
        case (.null, _): builder[column].appendNull()
        case (.yes, .bool): builder[column].append(bool: true)
        case (.no, .bool): builder[column].append(bool: false)
        case (_, .string), (_, .json): builder[column].append(bytes: text.span)
        default: appendUnfit(column, text)
        }
    }

    private mutating func appendUnfit(_ column: Int, _ value: UnsafeBufferPointer<UInt8>) {
        report.unfitValues += 1
        builder[column].appendNull()
        appendUnfit(name: Array(schema.fields[column].name.utf8), value)
    }

    private mutating func appendUnfit(name: [UInt8], _ value: UnsafeBufferPointer<UInt8>) {
        guard unfitIndex != nil else { return }
        unfit.append(unfit.isEmpty ? UInt8(ascii: "{") : UInt8(ascii: ","))
        JSONWriter.append(string: name.span, to: &unfit)
        unfit.append(UInt8(ascii: ":"))
        unfit.append(contentsOf: value)
    }

    /// What the line itself has in `_unfit`: an object's members join those that are found not to fit, so that events
    /// that were read from one topic go into another as they are.
    private mutating func appendUnfit(own value: UnsafeBufferPointer<UInt8>) {
        if value[0] == UInt8(ascii: "n") { return }
        guard value[0] == UInt8(ascii: "{") else {
            return appendUnfit(name: Array(Self.unfitColumn.utf8), value)
        }
        let members = UnsafeBufferPointer(rebasing: value[1..<value.count - 1])
        guard members.contains(where: { $0 > 0x20 }) else { return }
        unfit.append(unfit.isEmpty ? UInt8(ascii: "{") : UInt8(ascii: ","))
        unfit.append(contentsOf: members)
    }

    /// The whole dotted name of a key that has no column.
    private func unknownName(_ key: Span<UInt8>, node: Int32) -> [UInt8] {
        var name = paths.prefix(of: node)
        if !JSONText.unescape(key, to: &name) { key.withUnsafeBufferPointer { name.append(contentsOf: $0) } }
        return name
    }
}
