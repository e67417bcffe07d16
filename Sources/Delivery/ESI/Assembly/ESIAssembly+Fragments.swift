import Bytes

/// Fetches from their start to their end.
extension ESIAssembly {
    // MARK: Starting

    /// Takes over the includes that a machine came upon.
    mutating func takeIncludes(of machine: Int) {
        guard !page.includes.isEmpty else { return }
        var requests: [IncludeRequest] = []
        swap(&requests, &page.includes)
        defer { takeBack(&requests) }
        for request in requests {
            let id = fetches.count
            var fetch = Fetch(request: request)
            if machines[machine].state == .awaitsScope(request.scope) { fetch.waiter = machine }
            fetches.append(fetch)
            page.output.setFetch(id, of: request.scope)
            noteInclude()
            if let inline = request.inline {
                fetches[id].state = .streaming
                fragmentContinued(id, inline[...])
                fragmentEnded(id, nil)
            } else if let fault = request.fault {
                fail(id, fault)
            } else {
                queue.append(id)
            }
        }
    }

    /// Keeps the memory of the list.
    private mutating func takeBack(_ requests: inout [IncludeRequest]) {
        guard page.includes.isEmpty else { return }
        requests.removeAll(keepingCapacity: true)
        swap(&requests, &page.includes)
    }

    /// Starts what waits, as far as the bound allows. What everything waits for may always start: it stands before all
    /// others, which would never end otherwise.
    mutating func startQueued() {
        var started = 0
        while started < queue.count, running < page.settings.maximumParallelFetches {
            start(queue[started])
            started += 1
        }
        queue.removeFirst(started)
    }

    mutating func startAtOnce(_ id: Int) {
        guard let place = queue.firstIndex(of: id) else { return }
        queue.remove(at: place)
        start(id)
    }

    private mutating func start(_ id: Int) {
        guard fetches[id].state == .queued, let fetch = fetches[id].request.fetch else { return }
        fetches[id].state = .running
        running += 1
        actions.append(.fetch(id, fetch))
    }

    func isLive(_ id: Int) -> Bool { fetches.indices.contains(id) && fetches[id].state != .done }

    private mutating func end(_ id: Int) {
        if fetches[id].state != .queued, fetches[id].state != .done, fetches[id].request.inline == nil { running -= 1 }
        if fetches[id].state == .queued { queue.removeAll { $0 == id } }
        fetches[id].state = .done
    }

    /// Nobody wants it any more, nor what is evaluated of it.
    mutating func cancel(_ id: Int) {
        dropMachines(of: id)
        guard isLive(id) else { return }
        let isRunning = fetches[id].state != .queued
        end(id)
        if isRunning, fetches[id].request.inline == nil { actions.append(.cancel(id)) }
    }

    /// Stops what evaluates a fragment.
    mutating func dropMachines(of id: Int) {
        for index in machines.indices where machines[index].fetch == id {
            machines[index].state = .dropped
            machines[index].frames = []
        }
    }

    // MARK: Answers

    mutating func fragmentBegan(_ id: Int, _ status: Int, _ location: [UInt8]?, _ isESI: Bool) {
        guard isLive(id) else { return }
        fetches[id].status = status
        if (300..<400).contains(status), status != 304, let location { return redirect(id, location) }
        guard (200..<300).contains(status) else {
            actions.append(.cancel(id))
            return fail(id, ESIFault(.status, "status", "the fragment answered \(status)", status: status))
        }
        fetches[id].state = isEvaluated(id, isESI) ? .gathering : .streaming
    }

    private func isEvaluated(_ id: Int, _ isESI: Bool) -> Bool {
        switch fetches[id].request.evaluation {
        case .never: false
        case .whenAsked: isESI
        case .always: true
        }
    }

    /// Head, body and end in one.
    mutating func fragmentCame(_ id: Int, _ fragment: ESIFragment) {
        guard isLive(id) else { return }
        fetches[id].status = fragment.status
        let evaluates = isEvaluated(id, fragment.isESI)
        fetches[id].state = evaluates ? .gathering : .streaming
        if evaluates, fragment.compiled != nil {
            noteFragment(fragment.bytes.count)
        } else {
            fragmentContinued(id, fragment.bytes)
        }
        fragmentEnded(id, fragment.compiled)
    }

    private mutating func redirect(_ id: Int, _ location: [UInt8]) {
        actions.append(.cancel(id))
        guard fetches[id].redirects < page.settings.maximumRedirects else {
            return fail(id, ESIFault.limit("max_redirects", "the fragment redirects too often"))
        }
        guard let fetch = fetches[id].request.fetch, let url = ESIURL(location.span, relativeTo: fetch.url) else {
            return fail(id, ESIFault(.network, "bad_redirect", "the fragment redirects to no URL"))
        }
        let isOwnHost = url.host == page.own.host
        let host = String(decoding: url.host, as: UTF8.self)
        guard isOwnHost || page.settings.allows(host: host) else {
            return fail(id, ESIFault(.refused, "host", "the fragment redirects to \(host) (esi.allowed_hosts)"))
        }
        // Another fetch in the same place.
        end(id)
        var next = fetches[id]
        next.request.fetch = fetch.leading(to: url, isOwnHost: isOwnHost)
        next.state = .queued
        next.redirects += 1
        replace(id, next)
    }

    /// Puts another fetch in the place of one that ended.
    private mutating func replace(_ id: Int, _ next: Fetch) {
        var next = next
        next.body = []
        next.isPaused = false
        fetches.append(next)
        page.output.setFetch(fetches.count - 1, of: next.request.scope)
        queue.insert(fetches.count - 1, at: 0)
    }

    mutating func fragmentContinued(_ id: Int, _ bytes: ArraySlice<UInt8>) {
        guard isLive(id), !bytes.isEmpty else { return }
        noteFragment(bytes.count)
        if fetches[id].state == .gathering {
            fetches[id].body.append(contentsOf: bytes)
            guard fetches[id].body.count <= page.settings.maximumFragmentBytes else { return tooLong(id) }
            return
        }
        let scope = fetches[id].request.scope
        page.output.append(bytes, to: scope)
        guard page.output.totalBytes <= page.settings.maximumOutputBytes else {
            return fail(ESIFault.limit("max_output_bytes", "the page is too long"))
        }
        if fetches[id].waiter >= 0, page.output.bufferedBytes > page.settings.maximumFragmentBytes {
            return tooLong(id)
        }
        if page.output.bufferedBytes > page.settings.maximumBufferedBytes, !fetches[id].isPaused {
            fetches[id].isPaused = true
            actions.append(.pause(id))
        }
    }

    private mutating func tooLong(_ id: Int) {
        actions.append(.cancel(id))
        fail(id, ESIFault.limit("max_fragment_bytes", "the fragment is too long"))
    }

    mutating func fragmentEnded(_ id: Int, _ compiled: ESIPage?) {
        guard isLive(id) else { return }
        let gathers = fetches[id].state == .gathering
        end(id)
        guard gathers else { return page.output.close(fetches[id].request.scope) }
        let request = fetches[id].request
        var body: [UInt8] = []
        swap(&body, &fetches[id].body)
        let compiled = compiled ?? ESIPage(body.span, settings: page.settings)
        // A context of its own: variables neither come in nor go out.
        var machine = Machine(scope: request.scope, chain: request.chain + [request.fetch?.text ?? []])
        machine.inputs = compiled.programs
        machine.inputEnded = true
        machine.fetch = id
        machines.append(machine)
    }
}
