/// `try`, `attempt` and `except`.
extension Machine {
    /// The branches of the `try` at `index` are its children.
    mutating func beginAttempt(
        _ index: Int32, _ end: Int32, _ isOrdered: Bool, _ program: ESIProgram, _ page: inout Page
    ) {
        let branches = index + 1..<end
        guard let attempt = Machine.attempt(branches, program) else { return }
        let outer = scope
        let mark: Int
        if let capture = captures.last {
            // Into a variable nothing goes late.
            mark = capture.count
        } else {
            mark = -1
            scope = page.output.open(in: outer)
            page.output.hold(scope)
            if isOrdered { orderedDepth += 1 }
        }
        page.note(program.places[Int(index)], depth, isOrdered ? "try: in order" : "try")
        frames.append(
            Frame(
                program: program, index: attempt.lowerBound, end: attempt.upperBound,
                kind: .attempt(outer: outer, mark: mark, isOrdered: isOrdered, branches: branches)))
    }

    private static func attempt(_ branches: Range<Int32>, _ program: ESIProgram) -> Range<Int32>? {
        var child = branches.lowerBound
        while child < branches.upperBound {
            let next = program.nodes[Int(child)].next(after: child)
            if case .attempt = program.nodes[Int(child)] { return child + 1..<next }
            child = next
        }
        return nil
    }

    /// The `except` for a fault: the first whose type fits. Empty where there is no `except` at all, nil where none
    /// fits.
    static func except(for fault: ESIFault, _ branches: Range<Int32>, _ program: ESIProgram) -> Range<Int32>? {
        var child = branches.lowerBound
        var isTyped = false
        while child < branches.upperBound {
            let next = program.nodes[Int(child)].next(after: child)
            if case .except(let type, _) = program.nodes[Int(child)] {
                if type < 0 || fault.is(program.names[Int(type)]) { return child + 1..<next }
                isTyped = true
            }
            child = next
        }
        return isTyped ? nil : branches.upperBound..<branches.upperBound
    }

    /// The attempt's own elements are done; its fragments may not be.
    mutating func leaveAttempt(_ frame: Frame, _ page: inout Page) throws(ESIFault) {
        guard case .attempt(let outer, let mark, let isOrdered, let branches) = frame.kind else { return }
        if mark < 0, !page.output.scopes[scope].isClosed {
            let inner = scope
            if page.output.scopes[inner].unfinished > 0 {
                if isOrdered {
                    // Closed first, so that it is complete when its fragments are.
                    page.output.close(inner)
                    state = .awaitsScope(inner)
                    return
                }
                var snapshot = self
                snapshot.frames = []
                snapshot.scope = inner
                page.output.setLate(
                    Output.LateAttempt(
                        program: frame.program, branches: branches, machine: snapshot,
                        place: frame.program.places[Int(branches.lowerBound - 1)]),
                    of: inner)
            }
        }
        frames.removeLast()
        if mark < 0 { closeAttempt(outer, isOrdered, &page) }
    }

    mutating func closeAttempt(_ outer: Int, _ isOrdered: Bool, _ page: inout Page) {
        if isOrdered { orderedDepth -= 1 }
        closeScope(outer, &page)
    }

    mutating func closeScope(_ outer: Int, _ page: inout Page) {
        guard scope != outer else { return }
        page.output.close(scope)
        scope = outer
    }

    /// Takes an error to the innermost `attempt` whose frame is above the floor.
    mutating func recover(_ fault: ESIFault, above floor: Int, _ page: inout Page) -> Bool {
        var index = frames.count - 1
        while index >= floor {
            if case .attempt(let outer, let mark, let isOrdered, let branches) = frames[index].kind,
                let except = Machine.except(for: fault, branches, frames[index].program)
            {
                while frames.count > index + 1 { abandon(frames.removeLast(), &page) }
                let program = frames.removeLast().program
                page.note(
                    program.places[Int(branches.lowerBound - 1)], depth, "except: \(fault.code): \(fault.message)")
                page.caught(fault)
                if mark >= 0 {
                    captures[captures.count - 1].removeLast(captures[captures.count - 1].count - mark)
                } else {
                    page.cancelled += page.output.clear(scope)
                    if isOrdered { orderedDepth -= 1 }
                }
                frames.append(
                    Frame(
                        program: program, index: except.lowerBound, end: except.upperBound,
                        kind: mark < 0 ? .except(outer: outer) : .block))
                state = .ready
                return true
            }
            index -= 1
        }
        return false
    }
}

extension ESIFault {
    /// Whether an `except` of this type takes it: a kind, a status such as `404` or `5xx`, or `any`.
    func `is`(_ type: [UInt8]) -> Bool {
        let name = String(decoding: type.map(\.lowered), as: UTF8.self)
        if name == "any" || name == kind.rawValue || name == code { return true }
        guard status > 0 else { return false }
        return name == String(status) || name == "\(status / 100)xx"
    }
}

extension Machine {
    /// Takes an error to the `attempt` of a scope that the machine is still in.
    mutating func recover(_ fault: ESIFault, inScope scope: Int, _ page: inout Page) -> Bool {
        // Scopes of inner attempts lie between; their frames go with the outer one's.
        var inner = self.scope
        for index in frames.indices.reversed() {
            guard case .attempt(let outer, let mark, _, let branches) = frames[index].kind, mark < 0 else {
                if case .except(let outer) = frames[index].kind { inner = outer }
                continue
            }
            if inner == scope {
                guard Machine.except(for: fault, branches, frames[index].program) != nil else { return false }
                while frames.count > index + 1 { abandon(frames.removeLast(), &page) }
                return recover(fault, above: index, &page)
            }
            inner = outer
        }
        return false
    }
}
