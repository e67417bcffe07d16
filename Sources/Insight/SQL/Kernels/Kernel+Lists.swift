import Columns

/// The elements of one row's list or map, where they lie. Used again for row after row.
struct ListElements {
    private(set) var values: [Range<Int>] = []
    private(set) var keys: [Range<Int>] = []
    private(set) var isList = false

    mutating func read(_ text: Span<UInt8>) {
        values.removeAll(keepingCapacity: true)
        keys.removeAll(keepingCapacity: true)
        isList = JSONText.byte(text, JSONText.skipBlanks(text, 0)) == UInt8(ascii: "[")
        JSONText.forEachElement(text) { key, value in
            values.append(value)
            if let key { keys.append(key) }
            return true
        }
    }
}

extension Kernel {
    func lists(_ arguments: [Argument], _ count: Int) throws(SQLError) -> Column {
        switch function {
        case .cardinality, .arrayPosition, .arrayContains: return try listTests(arguments, count)
        case .arrayDistinct, .arrayReverse, .arraySort, .arrayConcat, .arrayRemove, .arraySlice, .arrayUnion,
            .arrayExcept,
            .arrayIntersect:
            return try listChanges(arguments, count)
        case .textToMap, .split: return try listsOfText(arguments, count)
        case .arrayJoin: return try joinedElements(arguments, count)
        case .mapUnion: return try united(arguments, count)
        case .mapKeys, .mapValues, .mapEntries, .mapFromArrays: return try maps(arguments, count)
        default: return try oneElement(arguments, count)
        }
    }

    // MARK: Numbers and tests

    private func listTests(_ arguments: [Argument], _ count: Int) throws(SQLError) -> Column {
        let texts = arguments[0].operand.texts()
        var elements = ListElements()
        if function == .cardinality {
            return .int64s(
                try Loop.mapValid(count, validity(arguments, count), filler: 0) { (row) throws(SQLError) -> Int64? in
                    elements.read(texts.text(row))
                    return Int64(elements.values.count)
                })
        }
        let wanted = arguments[1].operand.texts()
        let places = try Loop.mapValid(count, validity(arguments, count), filler: 0) {
            (row) throws(SQLError) -> Int64? in
            let text = texts.text(row)
            elements.read(text)
            return Int64(Self.place(of: wanted.text(row), in: text, elements)) + 1
        }
        if function == .arrayPosition { return .int64s(places) }
        return .bools(Bitmap(count: count) { places.values[$0] > 0 }, places.validity)
    }

    /// -1 where it is not there.
    private static func place(of value: Span<UInt8>, in text: Span<UInt8>, _ elements: ListElements) -> Int {
        for (place, range) in elements.values.enumerated() where JSONText.areEqual(text.extracting(range), value) {
            return place
        }
        return -1
    }

    /// `ELEMENT_AT`, `ELEMENT`, `ARRAY_MAX`, `ARRAY_MIN`: one element as JSON, null for JSON's null.
    private func oneElement(_ arguments: [Argument], _ count: Int) throws(SQLError) -> Column {
        let texts = arguments[0].operand.texts()
        let hasPlace = arguments.count > 1 && arguments[1].type.fieldType == .int64
        let places = hasPlace ? arguments[1].operand.int64s() : Values(constant: 0)
        let keys = arguments.count > 1 && !hasPlace ? arguments[1].operand.texts() : nil
        var elements = ListElements()
        return try made(arguments, count) { (row, output) throws(SQLError) -> Bool in
            let text = texts.text(row)
            elements.read(text)
            let found: Int?
            switch function {
            case .elementAt:
                if let keys {
                    found = Self.place(ofKey: keys.text(row), in: text, elements)
                } else {
                    let isThere = elements.isList && places[row] >= 1 && places[row] <= Int64(elements.values.count)
                    found = isThere ? Int(places[row]) - 1 : nil
                }
            case .onlyElement:
                guard elements.values.count <= 1 else {
                    throw .evaluation(
                        "ELEMENT of a list of \(elements.values.count)", suggestion: "list[1] is the first")
                }
                found = elements.values.isEmpty ? nil : 0
            default: found = Self.extreme(of: text, elements, isMaximum: function == .arrayMax)
            }
            return found.map { JSONText.appendElement(text.extracting(elements.values[$0]), to: &output) } ?? false
        }
    }

    private static func place(ofKey key: Span<UInt8>, in text: Span<UInt8>, _ elements: ListElements) -> Int? {
        var plain: [UInt8] = []
        for (place, range) in elements.keys.enumerated() {
            plain.removeAll(keepingCapacity: true)
            if JSONText.unescape(text.extracting(range), to: &plain), ByteOrder.areEqual(plain.span, key) {
                return place
            }
        }
        return nil
    }

    private static func extreme(of text: Span<UInt8>, _ elements: ListElements, isMaximum: Bool) -> Int? {
        var best: Int?
        for (place, range) in elements.values.enumerated() {
            let value = text.extracting(range)
            if JSONText.isNull(value) { continue }
            guard let known = best else {
                best = place
                continue
            }
            let other = text.extracting(elements.values[known])
            if isMaximum ? JSONText.precedes(other, value) : JSONText.precedes(value, other) { best = place }
        }
        return best
    }

    // MARK: Lists of other lists

    private func listChanges(_ arguments: [Argument], _ count: Int) throws(SQLError) -> Column {
        let sources = arguments.filter { ![.int64, .bool].contains($0.type.fieldType) }.map { $0.operand.texts() }
        let flags = arguments.filter { $0.type.fieldType == .bool }.map { $0.operand.bits(count) }
        let bounds = arguments.filter { $0.type.fieldType == .int64 }.map { $0.operand.int64s() }
        var elements = sources.map { _ in ListElements() }
        let firsts = sources[0]
        return try made(arguments, count) { row, output in
            for index in sources.indices where !(function == .arrayRemove && index == 1) {
                let source = sources[index]
                elements[index].read(source.text(row))
            }
            output.append(UInt8(ascii: "["))
            var writer = ListWriter(start: output.count)
            let first = firsts.text(row)
            switch function {
            case .arrayConcat:
                for index in sources.indices {
                    let source = sources[index]
                    for range in elements[index].values { writer.append(source.text(row), range, to: &output) }
                }
            case .arrayReverse:
                for range in elements[0].values.reversed() { writer.append(first, range, to: &output) }
            case .arraySort:
                let isAscending = flags.isEmpty || flags[0][row]
                let nullsFirst = flags.count < 2 ? isAscending : flags[1][row]
                let sorted = Self.sorted(elements[0].values, in: first, isAscending, nullsFirst: nullsFirst)
                for range in sorted { writer.append(first, range, to: &output) }
            case .arraySlice:
                for range in elements[0].values[Self.slice(elements[0].values.count, bounds, row)] {
                    writer.append(first, range, to: &output)
                }
            case .arrayRemove:
                let removed = sources[1]
                let value = removed.text(row)
                for range in elements[0].values where !JSONText.areEqual(first.extracting(range), value) {
                    writer.append(first, range, to: &output)
                }
            default: appendDistinct(sources, elements, row, &writer, &output)
            }
            output.append(UInt8(ascii: "]"))
            return true
        }
    }

    /// `ARRAY_DISTINCT`, `ARRAY_UNION`, `ARRAY_EXCEPT`, `ARRAY_INTERSECT`: each value once, where it comes first. How long a list
    /// is its author's choice, so that no value is searched for among the others.
    private func appendDistinct(
        _ sources: [Texts], _ elements: [ListElements], _ row: Int, _ writer: inout ListWriter,
        _ output: inout [UInt8]
    ) {
        var others: Set<[UInt8]>?
        if sources.count > 1, function != .arrayUnion {
            var found: Set<[UInt8]> = []
            let texts = sources[1]
            for range in elements[1].values {
                found.insert(JSONText.identity(of: texts.text(row).extracting(range)))
            }
            others = found
        }
        var seen: Set<[UInt8]> = []
        for source in sources.indices where source == 0 || function == .arrayUnion {
            let texts = sources[source]
            for range in elements[source].values {
                let identity = JSONText.identity(of: texts.text(row).extracting(range))
                if let others, others.contains(identity) != (function == .arrayIntersect) { continue }
                if seen.insert(identity).inserted { writer.append(texts.text(row), range, to: &output) }
            }
        }
    }

    /// `ARRAY_SORT`: where nulls go is said apart from the order of the others.
    private static func sorted(
        _ values: [Range<Int>], in text: Span<UInt8>, _ isAscending: Bool, nullsFirst: Bool
    ) -> [Range<Int>] {
        let nulls = values.filter { JSONText.isNull(text.extracting($0)) }
        let others = values.filter { !JSONText.isNull(text.extracting($0)) }.sorted {
            isAscending
                ? JSONText.precedes(text.extracting($0), text.extracting($1))
                : JSONText.precedes(text.extracting($1), text.extracting($0))
        }
        return nullsFirst ? nulls + others : others + nulls
    }

    private static func slice(_ count: Int, _ bounds: [Values<Int64>], _ row: Int) -> Range<Int> {
        func place(_ value: Int64) -> Int {
            Int((value < 0 ? value + Int64(count) + 1 : max(value, 1)).clamped(0, Int64(count) + 1))
        }
        let lower = max(place(bounds[0][row]), 1)
        let upper = bounds.count > 1 ? min(place(bounds[1][row]), count) : count
        return lower > upper ? 0..<0 : (lower - 1)..<upper
    }

    private func joinedElements(_ arguments: [Argument], _ count: Int) throws(SQLError) -> Column {
        let texts = arguments[0].operand.texts()
        let separators = arguments[1].operand.texts()
        let replacements = arguments.count > 2 ? arguments[2].operand.texts() : nil
        var elements = ListElements()
        return try made(arguments, count) { row, output in
            let text = texts.text(row)
            elements.read(text)
            var isFirst = true
            for range in elements.values {
                let value = text.extracting(range)
                let isNull = JSONText.isNull(value)
                if isNull && replacements == nil { continue }
                if !isFirst { separators.append(row, to: &output) }
                isFirst = false
                if isNull {
                    replacements?.append(row, to: &output)
                } else if !JSONText.appendScalar(value, to: &output) {
                    JSONText.appendCompact(value, to: &output)
                }
            }
            return true
        }
    }
}

/// Elements of a list that is being written.
struct ListWriter {
    private let start: Int

    init(start: Int) { self.start = start }

    mutating func append(_ text: Span<UInt8>, _ range: Range<Int>, to output: inout [UInt8]) {
        if output.count > start { output.append(UInt8(ascii: ",")) }
        JSONText.appendCompact(text.extracting(range), to: &output)
    }
}
