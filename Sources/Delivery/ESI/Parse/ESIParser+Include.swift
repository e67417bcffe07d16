import Bytes

/// `include`, `eval` and their parameters.
extension ESIParser {
    mutating func beginInclude(_ tag: Tag, isEval: Bool) {
        noteFetch()
        // An `eval` may set variables, so that what follows it depends on it.
        if isEval { noteEffect() }
        if tag.closesItself { return include(tag, parameters: [], isEval: isEval) }
        var element = OpenElement(kind: isEval ? .eval : .include, place: tag.place)
        element.tag = tag
        push(element)
    }

    /// Something else than a parameter follows `<esi:include …>`.
    mutating func closeUnclosedInclude() {
        let top = open[open.count - 1]
        note(.warning, "not_closed", "<esi:\(top.kind.rawValue)> should end with “/>”", top.place)
        closeTop()
        if !top.blanks.isEmpty { text(top.blanks.span) }
    }

    mutating func parameter(_ tag: Tag) {
        guard let top = open.last?.kind, top == .include || top == .eval else {
            return note(.warning, "misplaced", "<esi:param> stands outside <esi:include>", tag.place)
        }
        open[open.count - 1].parameters.append(tag)
    }

    mutating func include(_ tag: Tag, parameters: [Tag], isEval: Bool) {
        guard let source = tag.value("src") else {
            return addFault(
                ESIFault(
                    .markup, "missing_attribute",
                    "<esi:\(String(decoding: tag.name, as: UTF8.self))> needs src=\"…\"", place: tag.place))
        }
        var node = IncludeNode()
        node.isEval = isEval
        node.source = template(source, tag.place)
        func optional(_ name: StaticString) -> Int32 { tag.value(name).map { template($0, tag.place) } ?? -1 }
        node.alternative = optional("alt")
        node.timeToLive = optional("ttl")
        node.noStore = optional("no-store")
        node.maximumWait = optional("maxwait")
        node.method = optional("method")
        node.entity = optional("entity")
        if let onError = tag.value("onerror") {
            node.continuesOnError = onError.span.isEqual(to: "continue")
            if !node.continuesOnError {
                note(.warning, "attribute", "onerror knows “continue” only", tag.place)
            }
        }
        node.evaluation = evaluation(tag, isEval: isEval)
        node.headers = headerChanges(tag)
        node.parameters = parameterList(parameters)
        noteUnknown(tag)
        if node.isPlain { keepFetch(&node) }
        builder.includes.append(node)
        builder.append(.include(Int32(builder.includes.count - 1)), tag.place)
    }

    /// Makes what to fetch beforehand where that is known.
    private mutating func keepFetch(_ node: inout IncludeNode) {
        guard let url = builder.url(node.source) else { return }
        let isWhole = node.evaluation == .whenAsked && settings.evaluatesFragments
        node.fetch = Int32(builder.fetches.count)
        builder.fetches.append(
            ESIFetch(
                url, isOwnHost: url.host == builder.base?.host, evaluation: isWhole ? .always : node.evaluation,
                maximumMilliseconds: settings.fragmentMilliseconds))
    }

    private mutating func evaluation(_ tag: Tag, isEval: Bool) -> ESIFetch.Evaluation {
        guard let dca = tag.value("dca") else { return isEval ? .never : .whenAsked }
        if dca.span.isEqual(to: "esi") { return .always }
        if !dca.span.isEqual(to: "none") {
            note(.warning, "attribute", "dca is “none” or “esi”; it is taken as “none”", tag.place)
        }
        return .never
    }

    private mutating func headerChanges(_ tag: Tag) -> Children {
        let first = builder.headerChanges.count
        for attribute in tag.attributes {
            let kind: HeaderChange.Kind
            switch String(decoding: attribute.name, as: UTF8.self) {
            case "setheader", "setheaders": kind = .set
            case "appendheader", "appendheaders": kind = .append
            case "removeheader", "removeheaders": kind = .remove
            default: continue
            }
            builder.headerChanges.append(HeaderChange(kind: kind, line: template(attribute.value, tag.place)))
        }
        return Children(first: Int32(first), count: Int32(builder.headerChanges.count - first))
    }

    private mutating func parameterList(_ tags: [Tag]) -> Children {
        let first = builder.parameters.count
        for tag in tags {
            guard let name = tag.value("name") else {
                note(.warning, "missing_attribute", "<esi:param> needs name=\"…\"", tag.place)
                continue
            }
            let value = tag.value("value") ?? []
            // `value="'text'"` is an expression, `value="text"` is not.
            let isExpression = value.first == UInt8(ascii: "'") || value.first == UInt8(ascii: "$")
            let compiled = isExpression ? parameterValue(value, tag.place) : template(value, tag.place)
            builder.parameters.append(IncludeParameter(name: template(name, tag.place), value: compiled))
        }
        return Children(first: Int32(first), count: Int32(builder.parameters.count - first))
    }

    private mutating func parameterValue(_ value: [UInt8], _ place: ESIPlace) -> Int32 {
        do throws(ESIFault) {
            return try TemplateParser.expression(value, 0..<value.count, builder: &builder, settings: settings)
        } catch {
            return template(value, place)
        }
    }

    private mutating func noteUnknown(_ tag: Tag) {
        for attribute in tag.attributes {
            let name = String(decoding: attribute.name, as: UTF8.self)
            if !ESIParser.includeAttributes.contains(name) {
                note(.warning, "attribute", "esi:include has no attribute \(name)", tag.place)
            }
        }
    }

    private static let includeAttributes: Set<String> = [
        "src", "alt", "onerror", "ttl", "no-store", "maxwait", "dca", "method", "entity", "setheader", "setheaders",
        "appendheader", "appendheaders", "removeheader", "removeheaders",
    ]
}
