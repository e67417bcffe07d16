import Bytes

/// Finding what is not text.
extension ESIParser {
    /// The next byte that may begin a tag, an expression, an escape or a comment's end; or the end of what is surely
    /// text.
    func nextSpecial(_ bytes: Span<UInt8>, from start: Int, isLast: Bool) -> Int {
        var index = start
        // In windows, so that each search looks at a byte once although others find something nearer.
        while index < bytes.count {
            let end = processedDepth > 0 || commentDepth > 0 ? min(bytes.count, index + 4096) : bytes.count
            let window = bytes.extracting(0..<end)
            var found = end
            if processedDepth > 0 {
                found = window.firstIndex(ofEither: UInt8(ascii: "$"), or: UInt8(ascii: "\\"), from: index) ?? end
            }
            found = nextTag(bytes.extracting(0..<found), from: index)
            if commentDepth > 0 { found = nextCommentMark(bytes.extracting(0..<found), from: index) }
            if found < end { return found }
            if end == bytes.count { return isLast ? end : unfinishedTail(bytes, from: index) }
            // What begins here may end in the next window.
            index = max(index + 1, end - 6)
        }
        return index
    }

    /// Where a tag begins, or the end: looks for `esi`, which is rare, instead of `<`, which is not.
    private func nextTag(_ bytes: Span<UInt8>, from start: Int) -> Int {
        var index = start
        while let found = bytes.firstIndex(ofTriple: 0x65, 0x73, 0x69, from: index) {
            if found > start, bytes[found - 1] == UInt8(ascii: "<") {
                if found + 3 == bytes.count || bytes[found + 3] == UInt8(ascii: ":") { return found - 1 }
            } else if found > start + 1, bytes[found - 1] == UInt8(ascii: "/"), bytes[found - 2] == UInt8(ascii: "<") {
                if found + 3 == bytes.count || bytes[found + 3] == UInt8(ascii: ":") { return found - 2 }
            } else if found > start + 3, bytes.extracting(found - 4..<found).isEqual(to: "<!--") {
                return found - 4
            }
            index = found + 1
        }
        return bytes.count
    }

    /// Inside `<!--esi`: where a comment begins or ends, or the end.
    private func nextCommentMark(_ bytes: Span<UInt8>, from start: Int) -> Int {
        let end = bytes.firstIndex(ofTriple: 0x2D, 0x2D, 0x3E, from: start) ?? bytes.count
        let limited = bytes.extracting(0..<end)
        var index = start
        while let found = limited.firstIndex(ofTriple: 0x21, 0x2D, 0x2D, from: index) {
            if found > start, limited[found - 1] == UInt8(ascii: "<") { return found - 1 }
            index = found + 1
        }
        return end
    }

    /// What may become a tag or a comment's end when more bytes come.
    private func unfinishedTail(_ bytes: Span<UInt8>, from start: Int) -> Int {
        var tail = max(start, bytes.count - 6)
        while tail < bytes.count {
            switch bytes[tail] {
            case UInt8(ascii: "<"):
                if Opening.at(bytes, tail, inComment: commentDepth > 0) == .incomplete { return tail }
            case UInt8(ascii: "-"):
                if commentDepth > 0, bytes.count - tail < 3, bytes.isRest(from: tail, prefixOf: "-->") { return tail }
            default: break
            }
            tail += 1
        }
        return bytes.count
    }

    /// `-->`, which ends a comment that ESI opened or one inside it.
    mutating func takeCommentEnd(_ bytes: Span<UInt8>, from start: Int, isLast: Bool) -> Int {
        let end: StaticString = "-->"
        for offset in 0..<3 {
            guard start + offset < bytes.count else {
                if isLast { text(bytes.extracting(start..<bytes.count)) }
                return isLast ? bytes.count : start
            }
            guard bytes[start + offset] == end.utf8Start[offset] else {
                text(bytes.extracting(start..<start + 1))
                return start + 1
            }
        }
        if innerComments > 0 {
            innerComments -= 1
            text(bytes.extracting(start..<start + 3))
        } else {
            commentDepth -= 1
        }
        return start + 3
    }

    /// `$(…)` or `$function(…)` in processed text.
    mutating func takeExpression(_ bytes: Span<UInt8>, from start: Int, isLast: Bool) -> Int {
        switch TemplateParser.extent(bytes, from: start) {
        case .none:
            text(bytes.extracting(start..<start + 1))
            return start + 1
        case .incomplete:
            if !isLast, bytes.count - start <= settings.maximumExpressionBytes {
                awaited = bytes.count - start > 64 ? UInt8(ascii: ")") : nil
                return start
            }
            note(.warning, "open_expression", "an expression does not end; it is left as text")
            text(bytes.extracting(start..<start + 1))
            return start + 1
        case .end(let end):
            value(Array(bytes.extracting(start..<end)))
            return end
        }
    }

    private mutating func value(_ source: [UInt8]) {
        for name in ["document", "window", "this", "function"] where source.elementsEqual("$(\(name))".utf8) {
            note(.warning, "script", "$(\(name)) is replaced as a variable; write \\$(\(name)) where a script means it")
        }
        let effects = builder.effects
        do throws(ESIFault) {
            let expression = try TemplateParser.expression(
                source, 0..<source.count, builder: &builder, settings: settings)
            if builder.effects != effects { noteEffect() }
            if collectsText { builder.append(.value(expression), place) }
        } catch {
            // `$(this.id)` and the like of scripts is no mistake of the page; a call of ours is.
            guard error.kind != .markup || TemplateParser.callsBuiltIn(source) else {
                note(.warning, "not_an_expression", "\(error.message); it is left as text")
                text(source.span)
                return
            }
            addFault(error.at(place))
        }
    }

    // MARK: Text

    /// Whether text has a place here: between branches it has none.
    var collectsText: Bool {
        switch open.last?.kind {
        case .choose, .attemptOrExcept, .include, .eval: false
        default: true
        }
    }

    mutating func text(_ bytes: Span<UInt8>) {
        if open.isEmpty { return builder.appendText(bytes, place) }
        switch open[open.count - 1].kind {
        case .include, .eval:
            if bytes.isBlank { return open[open.count - 1].blanks.append(contentsOf: bytes) }
            closeUnclosedInclude()
            text(bytes)
        case .choose, .attemptOrExcept:
            if !bytes.isBlank {
                note(.warning, "stray_text", "text between the branches is left out")
            }
        default: builder.appendText(bytes, place)
        }
    }

    /// Text that is not processed wherever it stands.
    mutating func literal(_ bytes: Span<UInt8>) {
        if collectsText { builder.appendText(bytes, place) }
    }
}

extension TemplateParser {
    /// Whether the expression is a call of a function of ours.
    static func callsBuiltIn(_ source: [UInt8]) -> Bool {
        guard source.count > 1, source[1] != UInt8(ascii: "(") else { return false }
        return Function(name: Array(source.dropFirst().prefix { $0.isNameByte })) != nil
    }
}

extension Span where Element == UInt8 {
    var isBlank: Bool {
        for index in indices where !self[index].isBlank { return false }
        return true
    }
}

/// What a `<` begins.
enum Opening: Equatable {
    case none
    /// `<esi:`
    case element
    /// `</esi:`
    case closing
    /// `<!--esi`
    case comment
    /// `<!--` inside `<!--esi`.
    case innerComment
    case incomplete

    static func at(_ bytes: Span<UInt8>, _ start: Int, inComment: Bool) -> Opening {
        if bytes.hasPrefix("<esi:", at: start) { return .element }
        if bytes.hasPrefix("</esi:", at: start) { return .closing }
        if bytes.hasPrefix("<!--esi", at: start) { return .comment }
        if bytes.isRest(from: start, prefixOf: "<esi:") || bytes.isRest(from: start, prefixOf: "</esi:")
            || bytes.isRest(from: start, prefixOf: "<!--esi")
        {
            return .incomplete
        }
        return inComment && bytes.hasPrefix("<!--", at: start) ? .innerComment : .none
    }
}

extension Span where Element == UInt8 {
    func hasPrefix(_ text: StaticString, at start: Int) -> Bool {
        let end = start + text.utf8CodeUnitCount
        return end <= count && extracting(start..<end).isEqual(to: text)
    }

    /// Whether the bytes from here to the end are fewer than the text's and begin it.
    func isRest(from start: Int, prefixOf text: StaticString) -> Bool {
        let known = count - start
        guard known < text.utf8CodeUnitCount else { return false }
        for offset in 0..<known where self[start + offset] != text.utf8Start[offset] { return false }
        return true
    }
}
