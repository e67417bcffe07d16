import Bytes

/// Going from element to element.
extension Machine {
    /// Runs until it must wait or is done.
    /// - Returns: an error that nothing in it catches.
    mutating func run(_ page: inout Page) -> ESIFault? {
        while state == .ready {
            do throws(ESIFault) {
                try step(&page)
            } catch {
                if !recover(error, above: 0, &page) { return error }
            }
        }
        return nil
    }

    private mutating func step(_ page: inout Page) throws(ESIFault) {
        guard let frame = frames.last else { return takeInput() }
        guard frame.index < frame.end else { return try leaveFrame(&page) }
        let index = frame.index
        let program = frame.program
        frames[frames.count - 1].index = program.nodes[Int(index)].next(after: index)
        try page.step()
        do throws(ESIFault) {
            try execute(program.nodes[Int(index)], index, program, &page)
        } catch {
            throw error.at(program.places[Int(index)])
        }
    }

    /// One step of a function's body.
    /// - Returns: a value when `return` was reached.
    mutating func stepInFunction(_ floor: Int, _ page: inout Page) throws(ESIFault) -> Value? {
        do throws(ESIFault) {
            try step(&page)
        } catch {
            if !recover(error, above: floor, &page) { throw error }
        }
        guard let value = returned else { return nil }
        returned = nil
        return value
    }

    private mutating func takeInput() {
        guard nextInput < inputs.count else {
            state = inputEnded ? .done : .awaitsInput
            return
        }
        let program = inputs[nextInput]
        nextInput += 1
        if nextInput == inputs.count {
            inputs.removeAll(keepingCapacity: true)
            nextInput = 0
        }
        frames.append(Frame(program: program, index: 0, end: Int32(program.nodes.count), kind: .block))
    }

    // MARK: Elements

    private mutating func execute(
        _ node: Node, _ index: Int32, _ program: ESIProgram, _ page: inout Page
    ) throws(ESIFault) {
        switch node {
        case .text(let slice): try emit(program.bytes[slice.range], &page)
        case .value(let expression): try emit(try evaluate(expression, program, &page), &page)
        case .choose(let end): try choose(index, end, program, &page)
        case .when, .otherwise, .attempt, .except: break
        case .attemptOrExcept(let isOrdered, let end): beginAttempt(index, end, isOrdered, program, &page)
        case .assign(let name, let keys, let value):
            try assign(name, keys, try evaluate(value, program, &page), program, &page)
        case .assignContent(let name, let keys, let end):
            capture(.capture(name: name, keys: keys), index + 1..<end, program)
        case .include(let include): try self.include(Int(include), program, program.places[Int(index)], &page)
        case .foreach(let collection, let item, let end):
            try loop(collection, item, index + 1..<end, program, &page)
        case .leaveLoop: leaveLoop(&page)
        case .function(let name, let end):
            functions[program.names[Int(name)]] = PageFunction(program: program, body: index + 1..<end)
        case .returnValue(let value):
            guard !calls.isEmpty else { return }
            returned = try evaluate(value, program, &page)
        case .inline(let name, let isFetchable, let end):
            let body = index + 1..<end
            capture(.inline(name: name, isFetchable: isFetchable && isText(body, program)), body, program)
        case .debug(let expression):
            let text = try evaluate(expression, program, &page).asText
            if page.debugLines.count < 100 { page.debugLines.append(Array(text.bytes.prefix(1_000))) }
        case .fault(let fault): throw program.faults[Int(fault)]
        }
    }

    private mutating func choose(
        _ index: Int32, _ end: Int32, _ program: ESIProgram, _ page: inout Page
    ) throws(ESIFault) {
        var child = index + 1
        var otherwise: Range<Int32>?
        while child < end {
            let node = program.nodes[Int(child)]
            let next = node.next(after: child)
            switch node {
            case .when(let test, let matchName, _):
                let isTrue: Bool
                do throws(ESIFault) {
                    isTrue = try evaluate(test, program, &page).isTrue
                } catch {
                    throw error.at(program.places[Int(child)])
                }
                page.note(program.places[Int(child)], depth, isTrue ? "when: taken" : "when: not taken")
                if isTrue {
                    if matchName >= 0 { try set(program.names[Int(matchName)], groups.list, &page) }
                    return push(child + 1..<next, program)
                }
            case .otherwise:
                if otherwise == nil { otherwise = child + 1..<next }
            case .fault(let fault): throw program.faults[Int(fault)]
            default: break
            }
            child = next
        }
        guard let otherwise else { return }
        page.note(program.places[Int(otherwise.lowerBound - 1)], depth, "otherwise: taken")
        push(otherwise, program)
    }

    private mutating func push(_ body: Range<Int32>, _ program: ESIProgram, _ kind: Frame.Kind = .block) {
        guard !body.isEmpty else { return }
        frames.append(Frame(program: program, index: body.lowerBound, end: body.upperBound, kind: kind))
    }

    private mutating func assign(
        _ name: Int32, _ keys: Children, _ value: Value, _ program: ESIProgram, _ page: inout Page
    ) throws(ESIFault) {
        let name = program.names[Int(name)]
        guard keys.count > 0 else { return try set(name, value, &page) }
        var path: [Text] = []
        for index in 0..<keys.count { path.append(try evaluate(program.child(keys, index), program, &page).asText) }
        try set(name, keys: path[...], value, &page)
    }

    private mutating func capture(_ kind: Frame.Kind, _ body: Range<Int32>, _ program: ESIProgram) {
        captures.append([])
        captureTaints.append([])
        frames.append(Frame(program: program, index: body.lowerBound, end: body.upperBound, kind: kind))
    }

    // MARK: Loops

    private mutating func loop(
        _ collection: Int32, _ item: Int32, _ body: Range<Int32>, _ program: ESIProgram, _ page: inout Page
    ) throws(ESIFault) {
        let items: [Value]
        switch try self.collection(collection, program, &page) {
        case .list(let list): items = list
        case .dictionary(let dictionary): items = dictionary.entries.map { .list([.text($0.key), $0.value]) }
        case .undefined: items = []
        case let single: items = [single]
        }
        frames.append(
            Frame(
                program: program, index: body.upperBound, end: body.upperBound,
                kind: .loop(items: items, next: 0, item: item, start: body.lowerBound)))
    }

    private mutating func leaveLoop(_ page: inout Page) {
        while let frame = frames.popLast() {
            if case .loop = frame.kind { return }
            abandon(frame, &page)
        }
    }

    /// Lets go of a frame before its end.
    mutating func abandon(_ frame: Frame, _ page: inout Page) {
        switch frame.kind {
        case .attempt(let outer, let mark, let isOrdered, _): if mark < 0 { closeAttempt(outer, isOrdered, &page) }
        case .except(let outer): closeScope(outer, &page)
        case .capture, .inline:
            captures.removeLast()
            captureTaints.removeLast()
        case .evaluated: chain.removeLast()
        case .block, .loop: break
        }
    }

    // MARK: Ends

    private mutating func leaveFrame(_ page: inout Page) throws(ESIFault) {
        guard let frame = frames.last else { return }
        switch frame.kind {
        case .loop(let items, let next, let item, let start):
            guard next < items.count else { break }
            page.budget.iterations += 1
            guard page.budget.iterations <= page.settings.maximumIterations else {
                frames.removeLast()
                throw ESIFault.limit("max_iterations", "too many turns of <esi:foreach>")
            }
            frames[frames.count - 1].index = start
            frames[frames.count - 1].kind = .loop(items: items, next: next + 1, item: item, start: start)
            return try set(frame.program.names[Int(item)], items[next], &page)
        case .attempt: return try leaveAttempt(frame, &page)
        case .except(let outer): closeScope(outer, &page)
        case .capture(let name, let keys):
            frames.removeLast()
            let taint = captureTaints.removeLast()
            let text = Text(captures.removeLast(), taint: taint)
            return try assign(name, keys, .text(text), frame.program, &page)
        case .inline(let name, let isFetchable):
            frames.removeLast()
            return try leaveInline(name, isFetchable, frame.program, &page)
        case .evaluated: chain.removeLast()
        case .block: break
        }
        frames.removeLast()
    }

    private mutating func leaveInline(
        _ name: Int32, _ isFetchable: Bool, _ program: ESIProgram, _ page: inout Page
    ) throws(ESIFault) {
        let taint = captureTaints.removeLast()
        let bytes = captures.removeLast()
        let source = program.names[Int(name)]
        if let url = ESIURL(source.span, relativeTo: base(page)) {
            page.inlines[url.text] = bytes
            if isFetchable { publish(url, bytes, &page) }
        }
        try emit(.text(Text(bytes, taint: taint)), &page)
    }

    /// What is the same for everybody: nothing of it was evaluated.
    private func isText(_ body: Range<Int32>, _ program: ESIProgram) -> Bool {
        body.allSatisfy { if case .text = program.nodes[Int($0)] { true } else { false } }
    }

    /// A page speaks for its own host, and a fragment for nobody.
    private func publish(_ url: ESIURL, _ bytes: [UInt8], _ page: inout Page) {
        let own = ESIURL(page.request)
        guard page.settings.publishesInlines, chain.count == 1, url.host == own.host, url.port == own.port,
            url.isHTTPS == own.isHTTPS, page.publishedCount < page.settings.maximumIncludes
        else { return }
        page.publishedCount += 1
        page.published.append((url, bytes))
    }

    // MARK: Output

    private mutating func emit(_ bytes: ArraySlice<UInt8>, _ page: inout Page) throws(ESIFault) {
        if !captures.isEmpty {
            captures[captures.count - 1].append(contentsOf: bytes)
            return try page.check(size: captures[captures.count - 1].count)
        }
        page.output.append(bytes, to: scope)
        try checkOutput(page)
    }

    /// A value as it goes into markup; into a variable it goes as it is.
    private mutating func emit(_ value: Value, _ page: inout Page) throws(ESIFault) {
        if value.isUndefined { return }
        if !captures.isEmpty {
            value.append(to: &captures[captures.count - 1])
            captureTaints[captures.count - 1].formUnion(value.taint)
            return try page.check(size: captures[captures.count - 1].count)
        }
        let encodes = page.settings.encodesVariables
        page.output.append(to: scope) { Page.appendMarkup(value, encodes: encodes, to: &$0) }
        try checkOutput(page)
    }

    func checkOutput(_ page: borrowing Page) throws(ESIFault) {
        guard page.output.totalBytes <= page.settings.maximumOutputBytes else {
            throw ESIFault.limit("max_output_bytes", "the page is too long")
        }
    }
}
