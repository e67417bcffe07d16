import Bytes
import Columns

extension Kernel {
    func text(_ arguments: [Argument], _ count: Int) throws(SQLError) -> Column {
        switch function {
        case .upper, .lower, .initCap: return try changeCase(arguments, count)
        case .characterLength, .ascii, .locate, .instr: return textNumbers(arguments, count)
        case .concat: return try concatenated(arguments, count)
        case .concatWithSeparator: return try joined(arguments, count)
        case .trim, .trimLeading, .trimTrailing: return try trimmed(arguments, count)
        case .padLeading, .padTrailing: return try padded(arguments, count)
        case .urlEncode, .urlDecode, .toBase64, .fromBase64: return try coded(arguments, count)
        case .overlay: return try overlaid(arguments, count)
        case .translate: return try translated(arguments, count)
        case .elt: return try chosen(arguments, count)
        case .parseURL: return try urlPart(arguments, count)
        case .chr: return try characters(arguments, count)
        default: return try parts(arguments, count)
        }
    }

    /// A text a row; `body` is called for the rows where all arguments have a value.
    @inline(__always)
    func made(
        _ arguments: [Argument], _ count: Int, _ body: (Int, inout [UInt8]) throws(SQLError) -> Bool
    ) throws(SQLError) -> Column {
        var builder = TextBuilder(
            count: count, validity: validity(arguments, count), limit: context.maximumTextBytes)
        try builder.build(body)
        return builder.finish(type.fieldType)
    }

    // MARK: numbers of a text

    private func textNumbers(_ arguments: [Argument], _ count: Int) -> Column {
        let valid = validity(arguments, count)
        let texts = arguments[0].operand.texts()
        let values: [Int64]
        switch function {
        case .characterLength:
            values = Loop.map(count, filler: 0) { Int64(UTF8Text.length(texts.text($0))) }
        case .ascii:
            values = Loop.map(count, filler: 0) { texts.range($0).isEmpty ? 0 : Int64(texts.text($0)[0]) }
        case .instr:
            let needles = arguments[1].operand.texts()
            values = Loop.map(count, filler: 0) { Kernel.position(needles.text($0), texts.text($0), 1) }
        default:
            let hay = arguments[1].operand.texts()
            let starts = arguments.count > 2 ? arguments[2].operand.int64s() : Values(constant: 1)
            values = Loop.map(count, filler: 0) { Kernel.position(texts.text($0), hay.text($0), starts[$0]) }
        }
        return .int64s((values, valid))
    }

    /// 1-based, in code points; 0 when `needle` isn't there.
    private static func position(_ needle: Span<UInt8>, _ text: Span<UInt8>, _ from: Int64) -> Int64 {
        if from < 1 || from > Int64(text.count) + 1 { return 0 }
        let start = UTF8Text.offset(text, Int(from) - 1)
        guard let found = UTF8Text.find(needle, in: text, from: start) else { return 0 }
        return Int64(UTF8Text.length(text.extracting(0..<found))) + 1
    }

    // MARK: joining

    private func concatenated(_ arguments: [Argument], _ count: Int) throws(SQLError) -> Column {
        let texts = arguments.map { $0.operand.texts() }
        if texts.count == 2 { return try concatenated(texts[0], texts[1], arguments, count) }
        if texts.count == 3 { return try concatenated(texts[0], texts[1], texts[2], arguments, count) }
        return try made(arguments, count) { row, output in
            for index in texts.indices { texts[index].append(row, to: &output) }
            return true
        }
    }

    // Elements of an array of texts are retained and released a row; locals are not.

    private func concatenated(
        _ first: Texts, _ second: Texts, _ arguments: [Argument], _ count: Int
    ) throws(SQLError) -> Column {
        try made(arguments, count) { row, output in
            first.append(row, to: &output)
            second.append(row, to: &output)
            return true
        }
    }

    private func concatenated(
        _ first: Texts, _ second: Texts, _ third: Texts, _ arguments: [Argument], _ count: Int
    ) throws(SQLError) -> Column {
        try made(arguments, count) { row, output in
            first.append(row, to: &output)
            second.append(row, to: &output)
            third.append(row, to: &output)
            return true
        }
    }

    /// Null arguments are left out; a null separator gives null.
    private func joined(_ arguments: [Argument], _ count: Int) throws(SQLError) -> Column {
        let separator = arguments[0].operand.texts()
        let texts = arguments.dropFirst().map { $0.operand.texts() }
        let valid = arguments.dropFirst().map { $0.operand.validity(count) }
        return try made([arguments[0]], count) { row, output in
            var isFirst = true
            for index in texts.indices where valid[index] == nil || valid[index]![row] {
                if !isFirst { separator.append(row, to: &output) }
                isFirst = false
                texts[index].append(row, to: &output)
            }
            return true
        }
    }

    // MARK: case

    private func changeCase(_ arguments: [Argument], _ count: Int) throws(SQLError) -> Column {
        let texts = arguments[0].operand.texts()
        if function != .initCap && texts.isPlain && UTF8Text.isASCII(texts.values.bytes.span) {
            let isUpper = function == .upper
            let source = Values(column: texts.values.bytes)
            let bytes =
                isUpper
                ? Loop.map(source, source.elements.count, filler: 0) { $0.uppercasedASCII }
                : Loop.map(source, source.elements.count, filler: 0) { $0.lowercasedASCII }
            return Column(
                type: .string, count: count, validity: arguments[0].operand.validity(count),
                storage: .byteStrings(ByteStrings(offsets: texts.values.offsets, bytes: bytes)))
        }
        return try made(arguments, count) { row, output in
            let text = texts.text(row)
            if function == .initCap {
                Kernel.appendInitCap(text, to: &output)
            } else if UTF8Text.isASCII(text) {
                let isUpper = function == .upper
                for index in 0..<text.count {
                    output.append(isUpper ? text[index].uppercasedASCII : text[index].lowercasedASCII)
                }
            } else {
                let string = String(decoding: texts.array(row), as: UTF8.self)
                output.append(contentsOf: (function == .upper ? string.uppercased() : string.lowercased()).utf8)
            }
            return true
        }
    }

    /// Words are runs of ASCII letters and digits; other letters are kept, as Calcite does.
    private static func appendInitCap(_ text: Span<UInt8>, to output: inout [UInt8]) {
        var isStart = true
        for index in 0..<text.count {
            let byte = text[index]
            output.append(isStart ? byte.uppercasedASCII : byte.lowercasedASCII)
            isStart = !(byte >= 0x80 || byte.isASCIILetter || byte &- 48 < 10)
        }
    }

    private func characters(_ arguments: [Argument], _ count: Int) throws(SQLError) -> Column {
        let codes = arguments[0].operand.int64s()
        return try made(arguments, count) { row, output in
            if codes[row] >= 0 { UTF8Text.append(UInt32(codes[row] & 0xff), to: &output) }
            return true
        }
    }
}

extension UTF8Text {
    /// A code point in UTF-8; what is none becomes U+FFFD.
    static func append(_ codePoint: UInt32, to output: inout [UInt8]) {
        let scalar = Unicode.Scalar(codePoint) ?? "\u{FFFD}"
        output.append(contentsOf: UTF8.encode(scalar) ?? UTF8.encodedReplacementCharacter)
    }
}

extension UInt8 {
    @inline(__always) var uppercasedASCII: UInt8 { self &- 97 < 26 ? self ^ 0x20 : self }
    @inline(__always) var lowercasedASCII: UInt8 { self &- 65 < 26 ? self ^ 0x20 : self }
    @inline(__always) var isASCIILetter: Bool { (self | 0x20) &- 97 < 26 }
}
