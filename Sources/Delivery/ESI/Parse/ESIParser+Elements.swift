import Bytes

/// What each element compiles to.
extension ESIParser {
    mutating func element(_ tag: Tag) {
        for message in tag.notes { note(.warning, "attribute", message, tag.place) }
        let name = String(decoding: tag.name, as: UTF8.self)
        if name != "param", open.last?.kind == .include || open.last?.kind == .eval {
            closeUnclosedInclude()
        }
        sealBefore(tag, name)
        switch name {
        case "include", "eval": beginInclude(tag, isEval: name == "eval")
        case "param": parameter(tag)
        case "remove", "comment": if !tag.closesItself { mode = .skip(name: name == "remove" ? "remove" : "comment") }
        case "text": if !tag.closesItself { mode = .raw }
        case "vars": vars(tag)
        case "choose": begin(.choose, .choose(end: 0), tag.place)
        case "when": when(tag)
        case "otherwise": branch(.otherwise, .otherwise(end: 0), of: .choose, tag)
        case "try": begin(.attemptOrExcept, .attemptOrExcept(isOrdered: false, end: 0), tag.place)
        case "attempt": branch(.attempt, .attempt(end: 0), of: .attemptOrExcept, tag)
        case "except": except(tag)
        case "assign": assign(tag)
        case "foreach": foreach(tag)
        case "break": leaveLoop(tag)
        case "function": function(tag)
        case "return": returnValue(tag)
        case "inline": inline(tag)
        case "debug": if let value = tag.value("value") ?? tag.value("text") { debug(value, tag) }
        default: note(.warning, "unknown_element", "there is no element esi:\(name); it is left out", tag.place)
        }
        if tag.closesItself { closeEmpty(name) }
    }

    /// What is complete can go on before an element that must be whole. Before anything of it is compiled, since that
    /// belongs to one program.
    private mutating func sealBefore(_ tag: Tag, _ name: String) {
        guard wholeDepth == 0, !builder.isEmpty, let kind = OpenElement.Kind(rawValue: name), kind.mustBeWhole,
            kind != .assign || tag.value("value") == nil
        else { return }
        seal()
    }

    /// `<esi:when …/>` and the like end at once.
    private mutating func closeEmpty(_ name: String) {
        guard let kind = OpenElement.Kind(rawValue: name), kind != .include, kind != .eval,
            open.last?.kind == kind || open.last?.kind == .vars
        else { return }
        if kind == .assign || kind == .vars, open.last?.kind != kind { return }
        closeTop()
    }

    /// Puts a fault where an element cannot be.
    private mutating func refuse(_ tag: Tag, _ code: String, _ message: String) {
        addFault(ESIFault(.markup, code, message, place: tag.place))
    }

    private mutating func missing(_ tag: Tag, _ attribute: String) {
        refuse(
            tag, "missing_attribute", "<esi:\(String(decoding: tag.name, as: UTF8.self))> needs \(attribute)=\"…\"")
    }

    // MARK: Branches

    private mutating func branch(_ kind: OpenElement.Kind, _ node: Node, of parent: OpenElement.Kind, _ tag: Tag) {
        guard open.last?.kind == parent else {
            refuse(tag, "misplaced", "<esi:\(kind.rawValue)> stands outside <esi:\(parent.rawValue)>")
            return push(OpenElement(kind: .vars, place: tag.place))
        }
        switch kind {
        case .otherwise:
            if open[open.count - 1].hasOtherwise {
                note(.warning, "second_otherwise", "a second <esi:otherwise> is never taken", tag.place)
            }
            open[open.count - 1].hasOtherwise = true
        case .when:
            open[open.count - 1].hasBranch = true
        case .attempt:
            if open[open.count - 1].hasBranch {
                note(.warning, "second_attempt", "a second <esi:attempt> belongs to the first", tag.place)
            }
            open[open.count - 1].hasBranch = true
        default: break
        }
        begin(kind, node, tag.place)
    }

    private mutating func when(_ tag: Tag) {
        guard let test = tag.value("test") else {
            missing(tag, "test")
            return push(OpenElement(kind: .vars, place: tag.place))
        }
        let matchName = tag.value("matchname").map { builder.name($0) } ?? -1
        let expression = expression(test, tag.place)
        branch(.when, .when(test: expression, matchName: matchName, end: 0), of: .choose, tag)
    }

    private mutating func except(_ tag: Tag) {
        let type = tag.value("type").map { builder.name($0) } ?? -1
        branch(.except, .except(type: type, end: 0), of: .attemptOrExcept, tag)
    }

    // MARK: Variables

    private mutating func vars(_ tag: Tag) {
        if tag.closesItself, let name = tag.value("name") {
            push(OpenElement(kind: .vars, place: tag.place))
            let value = template(name, tag.place)
            builder.append(.value(value), tag.place)
            return
        }
        push(OpenElement(kind: .vars, place: tag.place))
    }

    private mutating func assign(_ tag: Tag) {
        guard let target = tag.value("name") else { return missing(tag, "name") }
        guard let (name, keys) = assignment(target, tag) else { return }
        noteEffect()
        if let value = tag.value("value") {
            builder.append(.assign(name: name, keys: keys, value: valueExpression(value, tag.place)), tag.place)
            return
        }
        begin(.assign, .assignContent(name: name, keys: keys, end: 0), tag.place)
    }

    /// `name` or `name{key}`.
    private mutating func assignment(_ target: [UInt8], _ tag: Tag) -> (Int32, Children)? {
        var parser = ExpressionParser(target, 0..<target.count, builder: ProgramBuilder(), settings: settings)
        swap(&parser.builder, &builder)
        let outcome = ESIParser.parseAssignment(&parser)
        swap(&parser.builder, &builder)
        switch outcome {
        case .success(let assignment): return assignment
        case .failure(let fault):
            addFault(fault.at(tag.place))
            return nil
        }
    }

    private static func parseAssignment(_ parser: inout ExpressionParser) -> Result<(Int32, Children), ESIFault> {
        do throws(ESIFault) {
            parser.skipBlanks()
            guard let name = parser.takeName() else { throw parser.unexpected("the name of a variable") }
            guard !reservedNames.contains(String(decoding: name, as: UTF8.self)) else {
                throw ESIFault(
                    .markup, "reserved_name", "\(String(decoding: name, as: UTF8.self)) can't be set by a page")
            }
            var keys: [Int32] = []
            parser.skipBlanks()
            while parser.current == UInt8(ascii: "{") { keys.append(try parser.parseKey()) }
            parser.skipBlanks()
            guard parser.current == nil else { throw parser.unexpected("the end of the name") }
            return .success((parser.builder.name(name), parser.builder.add(children: keys)))
        } catch {
            return .failure(error)
        }
    }

    static let reservedNames: Set<String> = [
        "ARGS", "MATCHES", "QUERY_STRING", "REQUEST_METHOD", "REQUEST_PATH", "REMOTE_ADDR", "GEO", "TRAFFIC_INFO",
        "HTTP_ACCEPT_LANGUAGE", "HTTP_COOKIE", "HTTP_HOST", "HTTP_REFERER", "HTTP_USER_AGENT",
    ]

    // MARK: Loops and functions

    private mutating func foreach(_ tag: Tag) {
        guard let collection = tag.value("collection") else {
            missing(tag, "collection")
            return push(OpenElement(kind: .vars, place: tag.place))
        }
        let item = builder.name(tag.value("item") ?? Array("item".utf8))
        let expression = expression(collection, tag.place)
        noteEffect()
        begin(.foreach, .foreach(collection: expression, item: item, end: 0), tag.place)
    }

    private mutating func leaveLoop(_ tag: Tag) {
        guard open.contains(where: { $0.kind == .foreach }) else {
            return refuse(tag, "misplaced", "<esi:break> stands outside <esi:foreach>")
        }
        builder.append(.leaveLoop, tag.place)
    }

    private mutating func function(_ tag: Tag) {
        guard let name = tag.value("name"), let first = name.first, first.isLetter || first == 0x5F,
            name.allSatisfy({ $0.isNameByte })
        else {
            missing(tag, "name")
            return push(OpenElement(kind: .vars, place: tag.place))
        }
        if Function(name: name) != nil {
            note(
                .warning, "built_in", "$\(String(decoding: name, as: UTF8.self)) is built in and stays so", tag.place)
        }
        noteEffect()
        begin(.function, .function(name: builder.name(name), end: 0), tag.place)
    }

    private mutating func returnValue(_ tag: Tag) {
        guard open.contains(where: { $0.kind == .function }) else {
            return refuse(tag, "misplaced", "<esi:return> stands outside <esi:function>")
        }
        let value = tag.value("value").map { valueExpression($0, tag.place) } ?? builder.add(.undefined)
        builder.append(.returnValue(value), tag.place)
    }

    private mutating func inline(_ tag: Tag) {
        guard let name = tag.value("name") else {
            missing(tag, "name")
            return push(OpenElement(kind: .vars, place: tag.place))
        }
        let isFetchable = tag.value("fetchable").map { $0.span.isEqual(to: "yes") } ?? false
        noteEffect()
        begin(
            .inline, .inline(name: builder.name(name), isFetchable: isFetchable, end: 0), tag.place)
    }

    private mutating func debug(_ value: [UInt8], _ tag: Tag) {
        builder.append(.debug(template(value, tag.place)), tag.place)
    }

    // MARK: Expressions in attributes

    /// One expression; one that fails to parse fails when it is evaluated.
    mutating func expression(_ source: [UInt8], _ place: ESIPlace) -> Int32 {
        let effects = builder.effects
        defer { if builder.effects != effects { noteEffect() } }
        do throws(ESIFault) {
            return try TemplateParser.expression(source, 0..<source.count, builder: &builder, settings: settings)
        } catch {
            return addFaultExpression(error.at(place))
        }
    }

    /// Text with expressions in it.
    mutating func template(_ source: [UInt8], _ place: ESIPlace) -> Int32 {
        let effects = builder.effects
        defer { if builder.effects != effects { noteEffect() } }
        do throws(ESIFault) {
            return try TemplateParser.compile(source, builder: &builder, settings: settings)
        } catch {
            return addFaultExpression(error.at(place))
        }
    }

    /// An expression, or text with expressions in it where it is none: `value="$(a) and $(b)"`.
    private mutating func valueExpression(_ source: [UInt8], _ place: ESIPlace) -> Int32 {
        if source.isEmpty { return builder.addText([]) }
        let effects = builder.effects
        defer { if builder.effects != effects { noteEffect() } }
        do throws(ESIFault) {
            return try TemplateParser.expression(source, 0..<source.count, builder: &builder, settings: settings)
        } catch {
            guard error.kind == .markup, error.code == "bad_expression" else {
                return addFaultExpression(error.at(place))
            }
            let shown = String(decoding: source.prefix(60), as: UTF8.self)
            note(.warning, "not_an_expression", "“\(shown)” is taken as text: put strings in quotes", place)
            return template(source, place)
        }
    }

    private mutating func addFaultExpression(_ fault: ESIFault) -> Int32 {
        note(.fault, fault)
        return builder.add(.fault(builder.add(fault)))
    }
}
