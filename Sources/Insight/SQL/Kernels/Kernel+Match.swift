import Columns

extension Kernel {
    func match(_ arguments: [Argument], _ count: Int) throws(SQLError) -> Column {
        let texts = arguments[0].operand.texts()
        let valid = validity(arguments, count)
        switch function {
        case .like: return try like(arguments, valid, count)
        case .startsWith, .endsWith:
            let parts = arguments[1].operand.texts()
            let isPrefix = function == .startsWith
            let bits = Bitmap(count: count) {
                isPrefix
                    ? UTF8Text.hasPrefix(texts.text($0), parts.text($0))
                    : UTF8Text.hasSuffix(texts.text($0), parts.text($0))
            }
            return .bools(bits, valid)
        case .regexp: return try regexp(arguments, valid, count)
        case .regexpExtract, .regexpSubstr: return try regexpExtract(arguments, count)
        case .regexpCount: return try regexpCount(arguments, valid, count)
        case .regexpInstr: return try regexpInstr(arguments, valid, count)
        default: return try regexpReplace(arguments, count)
        }
    }

    private func like(_ arguments: [Argument], _ valid: Bitmap?, _ count: Int) throws(SQLError) -> Column {
        let texts = arguments[0].operand.texts()
        if case .like(let pattern) = prepared {
            return .bools(Bitmap(count: count) { pattern.matches(texts.text($0)) }, valid)
        }
        let patterns = arguments[1].operand.texts()
        let escapes = arguments.count > 2 ? arguments[2].operand.texts() : nil
        var known: (source: [UInt8], escape: [UInt8]?, pattern: LikePattern)?
        return .bools(
            try Loop.mapValid(count, valid, filler: false) { (row) throws(SQLError) -> Bool? in
                let source = patterns.array(row)
                let escape = escapes?.array(row)
                if let known, known.source == source, known.escape == escape {
                    return known.pattern.matches(texts.text(row))
                }
                let pattern = try LikePattern(source, escape: escape)
                known = (source, escape, pattern)
                return pattern.matches(texts.text(row))
            })
    }

    private func regexp(_ arguments: [Argument], _ valid: Bitmap?, _ count: Int) throws(SQLError) -> Column {
        let texts = arguments[0].operand.texts()
        var matcher = RegexMatcher(prepared, arguments[1].operand.texts())
        return .bools(
            try Loop.mapValid(count, valid, filler: false) { (row) throws(SQLError) -> Bool? in
                try matcher.find(texts.values.bytes, texts.range(row), row)
            })
    }

    /// The text of a group of the first match (all of it without a third argument); null when there is none.
    private func regexpExtract(_ arguments: [Argument], _ count: Int) throws(SQLError) -> Column {
        let texts = arguments[0].operand.texts()
        let groups = arguments.count > 2 ? arguments[2].operand.int64s() : Values(constant: 0)
        var matcher = RegexMatcher(prepared, arguments[1].operand.texts())
        return try made(arguments, count) { (row, output) throws(SQLError) -> Bool in
            guard try matcher.find(texts.values.bytes, texts.range(row), row) else { return false }
            guard let range = matcher.group(groups[row]) else { return false }
            output.append(contentsOf: texts.values.bytes[range])
            return true
        }
    }

    private func regexpCount(_ arguments: [Argument], _ valid: Bitmap?, _ count: Int) throws(SQLError) -> Column {
        let texts = arguments[0].operand.texts()
        var matcher = RegexMatcher(prepared, arguments[1].operand.texts())
        return .int64s(
            try Loop.mapValid(count, valid, filler: 0) { (row) throws(SQLError) -> Int64? in
                let range = texts.range(row)
                var found: Int64 = 0
                var start = range.lowerBound
                while start <= range.upperBound, try matcher.find(texts.values.bytes, range, row, from: start),
                    let match = matcher.group(0)
                {
                    found += 1
                    start = match.upperBound
                    if match.isEmpty {
                        start = range.lowerBound + UTF8Text.next(texts.text(row), start - range.lowerBound)
                    }
                }
                return found
            })
    }

    /// All matches (or a group of each) as a list.
    func regexpExtractAll(_ arguments: [Argument], _ count: Int) throws(SQLError) -> Column {
        let texts = arguments[0].operand.texts()
        let groups = arguments.count > 2 ? arguments[2].operand.int64s() : Values(constant: 0)
        var matcher = RegexMatcher(prepared, arguments[1].operand.texts())
        return try made(arguments, count) { (row, output) throws(SQLError) -> Bool in
            let range = texts.range(row)
            let bytes = texts.values.bytes
            var start = range.lowerBound
            output.append(UInt8(ascii: "["))
            let empty = output.count
            while start <= range.upperBound, try matcher.find(bytes, range, row, from: start),
                let match = matcher.group(0)
            {
                if let group = matcher.group(groups[row]) {
                    if output.count > empty { output.append(UInt8(ascii: ",")) }
                    JSONText.appendQuoted(bytes.span.extracting(group), to: &output)
                }
                start = match.upperBound
                if match.isEmpty {
                    start = range.lowerBound + UTF8Text.next(texts.text(row), start - range.lowerBound)
                }
            }
            output.append(UInt8(ascii: "]"))
            return true
        }
    }

    /// Where the first match begins, in characters from 1; 0 where there is none.
    private func regexpInstr(_ arguments: [Argument], _ valid: Bitmap?, _ count: Int) throws(SQLError) -> Column {
        let texts = arguments[0].operand.texts()
        var matcher = RegexMatcher(prepared, arguments[1].operand.texts())
        return .int64s(
            try Loop.mapValid(count, valid, filler: 0) { (row) throws(SQLError) -> Int64? in
                let range = texts.range(row)
                guard try matcher.find(texts.values.bytes, range, row), let match = matcher.group(0) else { return 0 }
                let before = texts.text(row).extracting(0..<(match.lowerBound - range.lowerBound))
                return Int64(UTF8Text.length(before)) + 1
            })
    }

    private func regexpReplace(_ arguments: [Argument], _ count: Int) throws(SQLError) -> Column {
        let texts = arguments[0].operand.texts()
        let replacements = arguments[2].operand.texts()
        let limit = context.maximumTextBytes
        var matcher = RegexMatcher(prepared, arguments[1].operand.texts())
        return try made(arguments, count) { (row, output) throws(SQLError) -> Bool in
            let range = texts.range(row)
            let bytes = texts.values.bytes
            var copied = range.lowerBound
            var start = range.lowerBound
            while start <= range.upperBound, try matcher.find(bytes, range, row, from: start),
                let match = matcher.group(0)
            {
                output.append(contentsOf: bytes[copied..<match.lowerBound])
                matcher.appendReplacement(replacements.text(row), bytes, to: &output)
                copied = match.upperBound
                start = match.upperBound
                if match.isEmpty {
                    // An empty match moves on by a character, which is kept.
                    start = range.lowerBound + UTF8Text.next(texts.text(row), start - range.lowerBound)
                }
                if output.count > limit { throw SQLError.textTooLong(limit) }
            }
            if copied < range.upperBound { output.append(contentsOf: bytes[copied..<range.upperBound]) }
            return true
        }
    }
}
