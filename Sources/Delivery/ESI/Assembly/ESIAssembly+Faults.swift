/// Where errors go: `alt`, `onerror`, the nearest `attempt`, the page's default.
extension ESIAssembly {
    /// A fragment could not be had, or what was evaluated of it failed.
    mutating func fail(_ id: Int, _ fault: ESIFault) {
        let request = fetches[id].request
        endFetch(id)
        dropMachines(of: id)
        page.note(request.place, request.chain.count - 1, "failed: \(fault.code): \(fault.message)")
        let hasEmitted = page.output.scopes[request.scope].hasEmitted
        if !hasEmitted {
            for inner in page.output.clear(request.scope) { cancel(inner) }
            if let alternative = request.alternative, !fetches[id].usesAlternative,
                !request.chain.contains(alternative.text)
            {
                page.caught(fault)
                return retry(id, alternative)
            }
        }
        noteFailedInclude()
        if request.continuesOnError {
            page.caught(fault)
            return page.output.close(request.scope)
        }
        let waiter = fetches[id].waiter
        if waiter >= 0 {
            if machines[waiter].state == .awaitsScope(request.scope) { interrupt(waiter, fault.at(request.place)) }
            return
        }
        // The fragment itself was asked; next is what stands around it.
        raise(fault.at(request.place), from: page.output.scopes[request.scope].parent, closing: request.scope)
    }

    private mutating func endFetch(_ id: Int) {
        switch fetches[id].state {
        case .queued: queue.removeAll { $0 == id }
        case .done: break
        default: if fetches[id].request.inline == nil { running -= 1 }
        }
        fetches[id].state = .done
    }

    private mutating func retry(_ id: Int, _ url: ESIURL) {
        var next = fetches[id]
        let isOwnHost = url.host == page.own.host
        // There is none for an `alt` whose `src` could not be evaluated.
        next.request.fetch =
            next.request.fetch?.leading(to: url, isOwnHost: isOwnHost)
            ?? ESIFetch(
                url, isOwnHost: isOwnHost, evaluation: next.request.evaluation,
                maximumMilliseconds: page.settings.fragmentMilliseconds)
        next.request.fault = nil
        next.usesAlternative = true
        next.redirects = 0
        next.state = .queued
        next.body = []
        next.isPaused = false
        fetches.append(next)
        page.output.setFetch(fetches.count - 1, of: next.request.scope)
        queue.append(fetches.count - 1)
        page.note(
            next.request.place, next.request.chain.count - 1, "alt: \(String(decoding: url.text, as: UTF8.self))")
    }

    /// The machine that waits for a fragment gets the error where it stands.
    private mutating func interrupt(_ index: Int, _ fault: ESIFault) {
        machines[index].continuation = .goOn
        machines[index].state = .ready
        var machine = Machine(scope: 0, chain: [])
        swap(&machine, &machines[index])
        let isCaught = machine.recover(fault, above: 0, &page)
        swap(&machine, &machines[index])
        cancelCleared()
        if !isCaught { uncaught(fault, index) }
    }

    /// An error that no `attempt` of the machine catches.
    mutating func uncaught(_ fault: ESIFault, _ index: Int) {
        let machine = machines[index]
        let around = enclosing(machine.scope)
        guard around == nil, page.settings.errorDefault == .empty else {
            machines[index].state = .done
            machines[index].frames = []
            return raise(fault, from: machine.scope, closing: machine.scope)
        }
        // Nothing stands in its place; the page goes on behind it.
        page.caught(fault)
        machines[index].state = .ready
    }

    /// The nearest scope around that can answer an error: an open `attempt`, or a fragment.
    private func enclosing(_ scope: Int) -> Int? {
        var index = scope
        while index >= 0 {
            if page.output.scopes[index].isAttempt || page.output.scopes[index].fetch >= 0 { return index }
            index = page.output.scopes[index].parent
        }
        return nil
    }

    /// Takes an error outward from a scope on.
    /// - Parameter part: what stays empty where that is the page's default.
    private mutating func raise(_ fault: ESIFault, from scope: Int, closing part: Int) {
        guard !page.output.scopes[part].isDead else { return }
        var index = scope
        while index >= 0 {
            if page.output.scopes[index].isAttempt, startExcept(index, fault) { return }
            let fetch = page.output.scopes[index].fetch
            // A fragment of which a part failed has failed.
            if fetch >= 0 { return fail(fetch, fault) }
            index = page.output.scopes[index].parent
        }
        guard page.settings.errorDefault == .empty else { return fail(fault) }
        page.caught(fault)
        page.output.close(part)
    }

    /// Runs the `except` of an `attempt` that the page has gone past.
    private mutating func startExcept(_ scope: Int, _ fault: ESIFault) -> Bool {
        guard let late = page.output.scopes[scope].late else { return interruptOwner(of: scope, fault) }
        guard let except = Machine.except(for: fault, late.branches, late.program) else { return false }
        page.caught(fault)
        page.note(late.place, late.machine.depth, "except: \(fault.code): \(fault.message)")
        for id in page.output.clear(scope) { cancel(id) }
        var machine = late.machine
        machine.state = .ready
        machine.inputs = []
        machine.nextInput = 0
        machine.inputEnded = true
        machine.scope = scope
        machine.orderedDepth = 0
        machine.isLateExcept = true
        machine.continuation = .goOn
        machine.frames = [
            Machine.Frame(program: late.program, index: except.lowerBound, end: except.upperBound, kind: .block)
        ]
        machines.append(machine)
        return true
    }

    /// The machine is still inside the `attempt`.
    private mutating func interruptOwner(of scope: Int, _ fault: ESIFault) -> Bool {
        for index in machines.indices where !machines[index].isOver && isInside(machines[index], scope) {
            var machine = Machine(scope: 0, chain: [])
            swap(&machine, &machines[index])
            let isCaught = machine.recover(fault, inScope: scope, &page)
            if isCaught { machine.continuation = .goOn }
            swap(&machine, &machines[index])
            cancelCleared()
            return isCaught
        }
        return false
    }

    /// Whether the machine evaluates something inside the scope, as its own and not as another's fragment.
    private func isInside(_ machine: Machine, _ scope: Int) -> Bool {
        var index = machine.scope
        while index >= 0 {
            if index == scope { return true }
            if page.output.scopes[index].fetch >= 0 { return false }
            index = page.output.scopes[index].parent
        }
        return false
    }

    /// The page fails.
    mutating func fail(_ fault: ESIFault) {
        guard !isOver else { return }
        page.caught(fault)
        page.note(fault.place ?? ESIPlace(), 0, "the page fails: \(fault.code): \(fault.message)")
        cancelAll()
        isOver = true
        closeSummary()
        actions.append(.fail(fault))
    }

    mutating func cancelAll() {
        queue = []
        for id in fetches.indices where fetches[id].state != .queued && isLive(id) && fetches[id].request.inline == nil
        {
            actions.append(.cancel(id))
            fetches[id].state = .done
        }
    }
}
