import Columns

extension Kernel {
    func parts(_ arguments: [Argument], _ count: Int) throws(SQLError) -> Column {
        let texts = arguments[0].operand.texts()
        switch function {
        case .substring: return try substring(arguments, count)
        case .left, .right: return try end(arguments, count)
        case .reverse:
            return try made(arguments, count) { row, output in
                let text = texts.text(row)
                var upper = text.count
                while upper > 0 {
                    var lower = upper - 1
                    while lower > 0 && UTF8Text.isContinuation(text[lower]) { lower -= 1 }
                    texts.append(row, lower..<upper, to: &output)
                    upper = lower
                }
                return true
            }
        case .repeated: return try repeated(arguments, count)
        case .replace: return try replaced(arguments, count)
        default: return try split(arguments, count)
        }
    }

    /// Flink: positions from 1, negative ones from the end, 0 as 1; a length below 0 gives the empty text.
    private func substring(_ arguments: [Argument], _ count: Int) throws(SQLError) -> Column {
        let texts = arguments[0].operand.texts()
        let starts = arguments[1].operand.int64s()
        let lengths = arguments.count > 2 ? arguments[2].operand.int64s() : Values(constant: Int64(Int32.max))
        return try made(arguments, count) { row, output in
            let text = texts.text(row)
            let length = lengths[row]
            var start = starts[row]
            if length <= 0 { return true }
            if start < 0 {
                start += Int64(UTF8Text.length(text))
                if start < 0 { return true }
            } else if start > 0 {
                start -= 1
            }
            if start >= Int64(text.count) { return true }
            let lower = UTF8Text.offset(text, Int(start))
            let upper = UTF8Text.offset(text, Int(min(length, Int64(text.count))), from: lower)
            texts.append(row, lower..<upper, to: &output)
            return true
        }
    }

    private func end(_ arguments: [Argument], _ count: Int) throws(SQLError) -> Column {
        let texts = arguments[0].operand.texts()
        let lengths = arguments[1].operand.int64s()
        let isLeft = function == .left
        return try made(arguments, count) { row, output in
            let text = texts.text(row)
            let length = Int(lengths[row].clamped(0, Int64(text.count)))
            if isLeft {
                texts.append(row, 0..<UTF8Text.offset(text, length), to: &output)
            } else {
                let skipped = max(0, UTF8Text.length(text) - length)
                texts.append(row, UTF8Text.offset(text, skipped)..<text.count, to: &output)
            }
            return true
        }
    }

    private func repeated(_ arguments: [Argument], _ count: Int) throws(SQLError) -> Column {
        let texts = arguments[0].operand.texts()
        let times = arguments[1].operand.int64s()
        let limit = context.maximumTextBytes
        return try made(arguments, count) { (row, output) throws(SQLError) -> Bool in
            let size = Int64(texts.range(row).count)
            if times[row] <= 0 || size == 0 { return true }
            guard times[row] <= Int64(limit) / size else { throw SQLError.textTooLong(limit) }
            for _ in 0..<times[row] { texts.append(row, to: &output) }
            return true
        }
    }

    private func replaced(_ arguments: [Argument], _ count: Int) throws(SQLError) -> Column {
        let texts = arguments[0].operand.texts()
        let searched = arguments[1].operand.texts()
        let replacements = arguments[2].operand.texts()
        let limit = context.maximumTextBytes
        return try made(arguments, count) { (row, output) throws(SQLError) -> Bool in
            let text = texts.text(row)
            let needle = searched.text(row)
            var start = 0
            if needle.count > 0 {
                while let found = UTF8Text.find(needle, in: text, from: start) {
                    texts.append(row, start..<found, to: &output)
                    replacements.append(row, to: &output)
                    start = found + needle.count
                    if output.count > limit { throw SQLError.textTooLong(limit) }
                }
            }
            texts.append(row, start..<text.count, to: &output)
            return true
        }
    }

    /// `SPLIT_INDEX`: fields count from 0; null past the last one and for an empty text or separator.
    private func split(_ arguments: [Argument], _ count: Int) throws(SQLError) -> Column {
        let texts = arguments[0].operand.texts()
        let separators = arguments[1].operand.texts()
        let indices = arguments[2].operand.int64s()
        return try made(arguments, count) { row, output in
            let text = texts.text(row)
            let separator = separators.text(row)
            var left = indices[row]
            if left < 0 || text.count == 0 || separator.count == 0 { return false }
            var start = 0
            while left > 0 {
                guard let found = UTF8Text.find(separator, in: text, from: start) else { return false }
                start = found + separator.count
                left -= 1
            }
            let end = UTF8Text.find(separator, in: text, from: start) ?? text.count
            texts.append(row, start..<end, to: &output)
            return true
        }
    }

    /// Cuts code points that are in the second argument (a blank without one) off the ends.
    func trimmed(_ arguments: [Argument], _ count: Int) throws(SQLError) -> Column {
        let texts = arguments[0].operand.texts()
        let sets = arguments.count > 1 ? arguments[1].operand.texts() : Texts(constant: [0x20])
        let (atStart, atEnd) = (function != .trimTrailing, function != .trimLeading)
        return try made(arguments, count) { row, output in
            let text = texts.text(row)
            let set = sets.text(row)
            var lower = 0
            var upper = text.count
            while atStart && lower < upper {
                let next = UTF8Text.next(text, lower)
                guard Kernel.contains(set, text.extracting(lower..<next)) else { break }
                lower = next
            }
            while atEnd && upper > lower {
                var previous = upper - 1
                while previous > lower && UTF8Text.isContinuation(text[previous]) { previous -= 1 }
                guard Kernel.contains(set, text.extracting(previous..<upper)) else { break }
                upper = previous
            }
            texts.append(row, lower..<upper, to: &output)
            return true
        }
    }

    private static func contains(_ set: Span<UInt8>, _ character: Span<UInt8>) -> Bool {
        UTF8Text.find(character, in: set) != nil
    }

    /// Flink: null for a negative length or an empty pad; a longer text is cut.
    func padded(_ arguments: [Argument], _ count: Int) throws(SQLError) -> Column {
        let texts = arguments[0].operand.texts()
        let lengths = arguments[1].operand.int64s()
        let pads = arguments[2].operand.texts()
        let limit = context.maximumTextBytes
        let isLeading = function == .padLeading
        return try made(arguments, count) { (row, output) throws(SQLError) -> Bool in
            let text = texts.text(row)
            let pad = pads.text(row)
            if lengths[row] < 0 || pad.count == 0 { return false }
            guard lengths[row] <= Int64(limit) else { throw SQLError.textTooLong(limit) }
            let length = Int(lengths[row])
            let missing = length - UTF8Text.length(text)
            if missing <= 0 {
                texts.append(row, 0..<UTF8Text.offset(text, length), to: &output)
                return true
            }
            if !isLeading { texts.append(row, to: &output) }
            let padLength = UTF8Text.length(pad)
            for _ in 0..<(missing / padLength) { pads.append(row, to: &output) }
            pads.append(row, 0..<UTF8Text.offset(pad, missing % padLength), to: &output)
            if isLeading { texts.append(row, to: &output) }
            return true
        }
    }
}
