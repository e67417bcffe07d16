import Bytes

/// Opening and closing tags.
extension ESIParser {
    mutating func takeTag(_ bytes: Span<UInt8>, from start: Int, isLast: Bool) -> Int {
        switch Opening.at(bytes, start, inComment: commentDepth > 0) {
        case .none: return takeByte(bytes, start)
        case .incomplete: return isLast ? takeByte(bytes, start) : start
        case .comment:
            commentDepth += 1
            return start + 7
        case .innerComment:
            innerComments += 1
            text(bytes.extracting(start..<start + 4))
            return start + 4
        case .element, .closing:
            guard let end = Tag.end(bytes, from: start) else { return openTag(bytes, from: start, isLast: isLast) }
            guard end - start <= settings.maximumTagBytes else { return tooLong(bytes, from: start) }
            if bytes[start + 1] == UInt8(ascii: "/") {
                close(bytes.extracting(start + 6..<end - 1))
            } else {
                element(Tag(bytes, start..<end, place))
            }
            return end
        }
    }

    private mutating func takeByte(_ bytes: Span<UInt8>, _ start: Int) -> Int {
        text(bytes.extracting(start..<start + 1))
        return start + 1
    }

    /// A tag without its end so far.
    private mutating func openTag(_ bytes: Span<UInt8>, from start: Int, isLast: Bool) -> Int {
        if isLast {
            addFault(ESIFault(.markup, "open_tag", "a tag does not end", place: place))
            return bytes.count
        }
        if bytes.count - start > settings.maximumTagBytes { return tooLong(bytes, from: start) }
        awaited = UInt8(ascii: ">")
        return start
    }

    private mutating func tooLong(_ bytes: Span<UInt8>, from start: Int) -> Int {
        addFault(ESIFault.limit("max_tag_bytes", "a tag is too long").at(place))
        return start + 1
    }

    // MARK: Open elements

    mutating func push(_ element: OpenElement) {
        guard open.count < settings.maximumNesting else {
            addFault(ESIFault.limit("max_nesting", "too many elements within each other").at(element.place))
            // It stays on the stack, so that its end finds it; what is in it goes on.
            open.append(OpenElement(kind: .vars, place: element.place))
            processedDepth += 1
            return
        }
        open.append(element)
        if element.kind.isProcessed { processedDepth += 1 }
        if element.kind.mustBeWhole { wholeDepth += 1 }
    }

    /// Begins an element that has a node and children.
    mutating func begin(_ kind: OpenElement.Kind, _ node: Node, _ place: ESIPlace) {
        if open.count < settings.maximumNesting { builder.append(node, place) }
        push(OpenElement(kind: kind, node: builder.nodes.count - 1, place: place))
    }

    /// Ends the innermost element.
    mutating func closeTop() {
        guard let top = open.popLast() else { return }
        if top.kind.isProcessed { processedDepth -= 1 }
        if top.kind.mustBeWhole { wholeDepth -= 1 }
        if let tag = top.tag, top.kind == .include || top.kind == .eval {
            return include(tag, parameters: top.parameters, isEval: top.kind == .eval)
        }
        guard top.node >= 0 else { return }
        let end = Int32(builder.nodes.count)
        builder.nodes[top.node] = builder.nodes[top.node].ending(end)
        if top.kind == .attemptOrExcept {
            builder.nodes[top.node] = .attemptOrExcept(isOrdered: top.isOrdered, end: end)
        }
        builder.fence = builder.nodes.count
        if top.kind == .choose, !top.hasBranch {
            note(.warning, "empty_choose", "<esi:choose> has no <esi:when>", top.place)
        }
        if top.kind == .attemptOrExcept, !top.hasBranch {
            note(.warning, "empty_try", "<esi:try> has no <esi:attempt>", top.place)
        }
    }

    /// `</esi:name>`
    private mutating func close(_ name: Span<UInt8>) {
        var count = name.count
        while count > 0, name[count - 1].isBlank { count -= 1 }
        let name = Array(name.extracting(0..<count))
        guard let kind = OpenElement.Kind(name: name) else {
            if !ESIParser.emptyElements.contains(String(decoding: name, as: UTF8.self)) {
                note(.warning, "unknown_element", "there is no element esi:\(String(decoding: name, as: UTF8.self))")
            }
            return
        }
        guard let index = open.lastIndex(where: { $0.kind == kind }) else {
            if kind != .assign, kind != .include, kind != .eval {
                note(.warning, "stray_end", "</esi:\(kind.rawValue)> ends nothing")
            }
            return
        }
        while open.count > index + 1 {
            let inner = open[open.count - 1]
            if inner.kind == .include || inner.kind == .eval {
                closeUnclosedInclude()
            } else {
                addFault(
                    ESIFault(
                        .markup, "crossed",
                        "<esi:\(inner.kind.rawValue)> is not closed before </esi:\(kind.rawValue)>",
                        place: inner.place))
                closeTop()
            }
        }
        closeTop()
    }

    /// The page has ended: what is open failed.
    mutating func closeAll() {
        while let top = open.last {
            if top.kind != .include, top.kind != .eval {
                let fault = ESIFault(
                    .markup, "not_closed", "<esi:\(top.kind.rawValue)> is not closed", place: top.place)
                if top.kind.mustBeWhole, wholeDepth == 1 {
                    // Nothing of it may be taken for the whole.
                    builder.nodes.removeSubrange(max(0, top.node)...)
                    builder.places.removeSubrange(max(0, top.node)...)
                    open[open.count - 1].node = -1
                    closeTop()
                    addFault(fault)
                    continue
                }
                if wholeDepth == 0 { addFault(fault) }
                closeTop()
            } else {
                closeUnclosedInclude()
            }
        }
        if commentDepth > 0 { note(.warning, "open_comment", "<!--esi is not closed") }
        if case .markup = mode { return }
        note(.warning, "not_closed", "esi:remove, esi:comment or esi:text is not closed")
    }

    // MARK: Faults and notes

    mutating func addFault(_ fault: ESIFault) {
        note(.fault, fault)
        builder.append(.fault(builder.add(fault)), fault.place ?? place)
    }

    mutating func note(_ severity: ESINote.Severity, _ code: String, _ message: String, _ place: ESIPlace? = nil) {
        note(severity, ESIFault(.markup, code, message, place: place ?? self.place))
    }

    mutating func note(_ severity: ESINote.Severity, _ fault: ESIFault) {
        guard notes.count < ESIParser.maximumNotes else { return }
        notes.append(ESINote(severity: severity, fault: fault.at(place)))
    }

    /// Something is done beside output: a `try` that must know whether it happens has to wait for its fragments.
    mutating func noteEffect() {
        for index in open.indices where index > 0 {
            switch open[index].kind {
            case .attempt: if open[index].hasFetch { open[index - 1].isOrdered = true }
            case .except: open[index - 1].isOrdered = true
            default: break
            }
        }
    }

    mutating func noteFetch() {
        for index in open.indices where open[index].kind == .attempt { open[index].hasFetch = true }
    }

    static let emptyElements: Set<String> = [
        "param", "break", "return", "debug", "comment", "remove", "text",
    ]
}
