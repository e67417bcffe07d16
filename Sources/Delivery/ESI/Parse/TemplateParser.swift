import Bytes

/// Text with `$(variables)` and `$functions()` in it, as attributes and the insides of elements hold.
struct TemplateParser {
    /// Where an expression that begins with the dollar sign at `start` ends: behind its closing parenthesis.
    enum Extent: Equatable {
        case end(Int)
        /// No expression: the dollar sign stands for itself.
        case none
        /// The bytes end inside it.
        case incomplete
    }

    static func extent(_ bytes: Span<UInt8>, from start: Int) -> Extent {
        var index = start + 1
        if index < bytes.count, bytes[index] != UInt8(ascii: "(") {
            guard bytes[index].isLetter || bytes[index] == 0x5F else { return .none }
            while index < bytes.count, bytes[index].isNameByte { index += 1 }
            if index < bytes.count, bytes[index] != UInt8(ascii: "(") { return .none }
        } else if index + 1 < bytes.count {
            var name = index + 1
            while name < bytes.count, bytes[name].isBlank { name += 1 }
            if name < bytes.count, !bytes[name].isLetter, bytes[name] != 0x5F { return .none }
        }
        return close(bytes, from: index)
    }

    /// Behind the parenthesis that closes the one at `start`; parentheses in strings do not count.
    private static func close(_ bytes: Span<UInt8>, from start: Int) -> Extent {
        var depth = 0
        var index = start
        while index < bytes.count {
            switch bytes[index] {
            case UInt8(ascii: "("): depth += 1
            case UInt8(ascii: ")"):
                depth -= 1
                if depth == 0 { return .end(index + 1) }
            case UInt8(ascii: "'"), UInt8(ascii: "\""):
                guard let end = endOfString(bytes, from: index) else { return .incomplete }
                index = end - 1
            default: break
            }
            index += 1
        }
        return .incomplete
    }

    private static func endOfString(_ bytes: Span<UInt8>, from start: Int) -> Int? {
        let quote = bytes[start]
        func isTriple(_ index: Int) -> Bool {
            index + 2 < bytes.count && bytes[index] == 0x27 && bytes[index + 1] == 0x27 && bytes[index + 2] == 0x27
        }
        if isTriple(start) {
            var index = start + 3
            while index < bytes.count {
                if isTriple(index) { return index + 3 }
                index += 1
            }
            return nil
        }
        var index = start + 1
        while index < bytes.count {
            if bytes[index] == UInt8(ascii: "\\") {
                index += 1
            } else if bytes[index] == quote {
                return index + 1
            }
            index += 1
        }
        return nil
    }

    /// Compiles a whole text. Backslashes stay: an attribute's are its expressions' own.
    static func compile(
        _ source: [UInt8], builder: inout ProgramBuilder, settings: ESISettings
    ) throws(ESIFault) -> Int32 {
        var parts: [Int32] = []
        var literal: [UInt8] = []
        var index = 0
        while index < source.count {
            if source[index] == UInt8(ascii: "$") {
                switch extent(source.span, from: index) {
                case .end(let end):
                    if !literal.isEmpty { parts.append(builder.addText(literal)) }
                    literal = []
                    parts.append(try expression(source, index..<end, builder: &builder, settings: settings))
                    index = end
                    continue
                case .incomplete: throw ESIFault(.markup, "open_expression", "an expression does not end")
                case .none: break
                }
            }
            literal.append(source[index])
            index += 1
        }
        if !literal.isEmpty || parts.isEmpty { parts.append(builder.addText(literal)) }
        if parts.count == 1 { return parts[0] }
        let children = builder.add(children: parts)
        return builder.add(.concatenation(children))
    }

    /// Compiles a range as one expression.
    static func expression(
        _ source: [UInt8], _ range: Range<Int>, builder: inout ProgramBuilder, settings: ESISettings
    ) throws(ESIFault) -> Int32 {
        guard range.count <= settings.maximumExpressionBytes else {
            throw ESIFault.limit(
                "max_expression_bytes", "an expression of \(range.count) bytes")
        }
        // The builder moves into the parser and back, so that its arrays are not copied.
        var parser = ExpressionParser(source, range, builder: ProgramBuilder(), settings: settings)
        swap(&parser.builder, &builder)
        defer { swap(&parser.builder, &builder) }
        return try parser.parseWhole()
    }
}
