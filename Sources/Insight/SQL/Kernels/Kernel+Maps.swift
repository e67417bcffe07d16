import Columns

extension Kernel {
    /// `MAP_KEYS`, `MAP_VALUES`, `MAP_ENTRIES`, `MAP_FROM_ARRAYS`.
    func maps(_ arguments: [Argument], _ count: Int) throws(SQLError) -> Column {
        let texts = arguments[0].operand.texts()
        let others = arguments.count > 1 ? arguments[1].operand.texts() : nil
        var elements = ListElements()
        var values = ListElements()
        return try made(arguments, count) { (row, output) throws(SQLError) -> Bool in
            let text = texts.text(row)
            elements.read(text)
            if let others {
                values.read(others.text(row))
                guard values.values.count == elements.values.count else {
                    throw .evaluation("MAP_FROM_ARRAYS takes lists of one length")
                }
                Self.appendMap(text, elements, others.text(row), values, to: &output)
                return true
            }
            guard elements.keys.count == elements.values.count else { return false }
            output.append(UInt8(ascii: "["))
            for index in elements.keys.indices {
                if index > 0 { output.append(UInt8(ascii: ",")) }
                appendPart(text, elements, index, to: &output)
            }
            output.append(UInt8(ascii: "]"))
            return true
        }
    }

    private func appendPart(
        _ text: Span<UInt8>, _ elements: ListElements, _ index: Int, to output: inout [UInt8]
    ) {
        let key = elements.keys[index]
        if function == .mapEntries { output.append(contentsOf: "{\"key\":".utf8) }
        if function != .mapValues {
            // With its quotes.
            JSONText.appendCompact(text.extracting((key.lowerBound - 1)..<(key.upperBound + 1)), to: &output)
        }
        if function == .mapEntries { output.append(contentsOf: ",\"value\":".utf8) }
        if function != .mapKeys { JSONText.appendCompact(text.extracting(elements.values[index]), to: &output) }
        if function == .mapEntries { output.append(UInt8(ascii: "}")) }
    }

    private static func appendMap(
        _ keyText: Span<UInt8>, _ keys: ListElements, _ valueText: Span<UInt8>, _ values: ListElements,
        to output: inout [UInt8]
    ) {
        output.append(UInt8(ascii: "{"))
        for (index, (key, value)) in zip(keys.values, values.values).enumerated() {
            if index > 0 { output.append(UInt8(ascii: ",")) }
            let name = keyText.extracting(key)
            if JSONText.byte(name, 0) == UInt8(ascii: "\"") {
                JSONText.appendCompact(name, to: &output)
            } else {
                JSONText.appendQuoted(name, to: &output)
            }
            output.append(UInt8(ascii: ":"))
            JSONText.appendCompact(valueText.extracting(value), to: &output)
        }
        output.append(UInt8(ascii: "}"))
    }

    /// `SPLIT` and `STR_TO_MAP`.
    func listsOfText(_ arguments: [Argument], _ count: Int) throws(SQLError) -> Column {
        let texts = arguments[0].operand.texts()
        let isMap = function == .textToMap
        let separators = arguments.count > 1 ? arguments[1].operand.texts() : Texts(constant: Array(",".utf8))
        let marks = arguments.count > 2 ? arguments[2].operand.texts() : Texts(constant: Array("=".utf8))
        return try made(arguments, count) { row, output in
            let text = texts.text(row)
            let separator = separators.text(row)
            output.append(UInt8(ascii: isMap ? "{" : "["))
            var start = 0
            var isFirst = true
            while start <= text.count {
                // Without a separator each character is a part of its own.
                let end =
                    separator.count == 0
                    ? start < text.count ? UTF8Text.next(text, start) : start
                    : UTF8Text.find(separator, in: text, from: start) ?? text.count
                if !isFirst { output.append(UInt8(ascii: ",")) }
                isFirst = false
                let piece = text.extracting(start..<end)
                if isMap {
                    Self.appendPair(piece, marks.text(row), to: &output)
                } else {
                    JSONText.appendQuoted(piece, to: &output)
                }
                if end == text.count { break }
                start = end + separator.count
            }
            output.append(UInt8(ascii: isMap ? "}" : "]"))
            return true
        }
    }

    private static func appendPair(_ piece: Span<UInt8>, _ mark: Span<UInt8>, to output: inout [UInt8]) {
        guard mark.count > 0, let found = UTF8Text.find(mark, in: piece) else {
            JSONText.appendQuoted(piece, to: &output)
            output.append(contentsOf: ":null".utf8)
            return
        }
        JSONText.appendQuoted(piece.extracting(0..<found), to: &output)
        output.append(UInt8(ascii: ":"))
        JSONText.appendQuoted(piece.extracting((found + mark.count)..<piece.count), to: &output)
    }

    /// `MAP_UNION`: of a key that is in several maps the value in the last.
    func united(_ arguments: [Argument], _ count: Int) throws(SQLError) -> Column {
        let maps = arguments.map { $0.operand.texts() }
        var elements = maps.map { _ in ListElements() }
        return try made(arguments, count) { row, output in
            var seen: Set<[UInt8]> = []
            var kept: [(map: Int, element: Int)] = []
            for index in maps.indices.reversed() {
                let map = maps[index]
                let text = map.text(row)
                elements[index].read(text)
                for (element, key) in elements[index].keys.enumerated().reversed()
                where seen.insert(text.extracting(key).array).inserted {
                    kept.append((index, element))
                }
            }
            output.append(UInt8(ascii: "{"))
            for (place, entry) in kept.reversed().enumerated() {
                if place > 0 { output.append(UInt8(ascii: ",")) }
                let map = maps[entry.map]
                let text = map.text(row)
                let key = elements[entry.map].keys[entry.element]
                JSONText.appendCompact(text.extracting((key.lowerBound - 1)..<(key.upperBound + 1)), to: &output)
                output.append(UInt8(ascii: ":"))
                JSONText.appendCompact(text.extracting(elements[entry.map].values[entry.element]), to: &output)
            }
            output.append(UInt8(ascii: "}"))
            return true
        }
    }
}

extension Span<UInt8> {
    fileprivate var array: [UInt8] {
        [UInt8](capacity: count) { out in
            for index in indices { out.append(self[index]) }
        }
    }
}
