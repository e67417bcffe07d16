/// The head, and what goes out when.
extension ESIAssembly {
    /// Sends what is sure.
    mutating func sendOut() {
        if page.response.body != nil { return sendReplacement() }
        if !page.response.isSent {
            guard canSendHead else { return }
            // As long as nothing can go out, the page may still fail with a status.
            guard page.output.hasNext() else { return unblock(page.output.drain { _ in }) }
            sendHead(length: nil)
        }
        guard !clientIsFull else { return }
        // Moved out, so that the closure may append.
        var actions: [ESIAction] = []
        swap(&actions, &self.actions)
        let waits = page.output.drain { actions.append(.output($0)) }
        swap(&actions, &self.actions)
        if waits < 0 {
            isOver = true
            closeSummary()
            self.actions.append(.end)
            return
        }
        unblock(waits)
    }

    /// What all waits for goes first; what was paused goes on when there is room.
    private mutating func unblock(_ scope: Int) {
        let fetch = page.output.scopes[scope].fetch
        if fetch >= 0, isLive(fetch) { prefer(fetch) }
        if page.output.scopes[scope].isHeld { for id in inside(scope) { prefer(id) } }
        guard page.output.bufferedBytes < page.settings.maximumBufferedBytes / 2 else { return }
        for id in fetches.indices where fetches[id].isPaused && isLive(id) { resume(id) }
    }

    private mutating func prefer(_ id: Int) {
        if fetches[id].state == .queued { startAtOnce(id) }
        if fetches[id].isPaused { resume(id) }
    }

    private mutating func resume(_ id: Int) {
        fetches[id].isPaused = false
        actions.append(.resume(id))
    }

    /// Live fetches of the scopes within a held one.
    private func inside(_ scope: Int) -> [Int] {
        fetches.indices.filter { id in
            guard isLive(id) else { return false }
            var index = fetches[id].request.scope
            while index >= 0 {
                if index == scope { return true }
                index = page.output.scopes[index].parent
            }
            return false
        }
    }

    /// Whether nothing that is known to come may change the head.
    private var canSendHead: Bool {
        if page.output.bufferedBytes > page.settings.maximumHeldBytes { return true }
        let isEvaluated = machines[0].state == .done || machines[0].state == .awaitsInput
        switch page.settings.holding {
        case .none: return true
        case .whole: return page.output.scopes[Output.root].isComplete
        case .lookAhead:
            if isPageEnded, machines[0].state == .done { return true }
            if !isPageEnded, seenBytes < page.settings.lookAheadBytes { return false }
            return headPrograms == 0 || isEvaluated
        }
    }

    mutating func sendHead(length: Int?) {
        page.response.isSent = true
        actions.append(
            .head(
                ESIHead(
                    status: page.response.status, addedFields: page.response.fields,
                    isUncacheable: page.response.isUncacheable, length: length)))
    }

    /// The page was replaced: the rest is evaluated for what it does to the head, and nothing is fetched.
    private mutating func sendReplacement() {
        guard !page.response.isSent, let body = page.response.body else { return }
        cancelAll()
        guard machines[0].state == .done || machines[0].state != .awaitsInput else { return }
        sendHead(length: body.count)
        if !body.isEmpty { actions.append(.output(body[...])) }
        isOver = true
        closeSummary()
        actions.append(.end)
    }
}
