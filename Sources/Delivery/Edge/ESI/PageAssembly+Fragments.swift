import Bytes
import ESI
import HTTPCache
import HTTPWire
import Reactor

/// Fragments of the page: those that the cache has, and those that are asked for.
extension PageAssembly {
    func began(_ stream: FragmentStream, _ exchange: Exchange, _ head: [UInt8]) {
        let status = Int(exchange.row.status)
        if let error = exchange.error, status >= 400 {
            let kind: ESIFault.Kind = status == 504 ? .timeout : .network
            stream.cancel()
            return failed(stream, ESIFault(kind, error.code, error.message, status: status))
        }
        var location: [UInt8]?
        if (300..<400).contains(status) { location = PageHead.location(head) }
        if let fault = stream.begin(exchange.bodyCoding) {
            stream.cancel()
            return failed(stream, fault)
        }
        send(
            .fragmentHead(
                stream.number, status: status, location: location, isESI: exchange.asksForESI))
    }

    func continued(_ stream: FragmentStream, _ bytes: ArraySlice<UInt8>) {
        send(.fragmentBody(stream.number, bytes))
    }

    func ended(_ stream: FragmentStream) {
        noteTime(stream)
        streams[stream.number] = nil
        send(.fragmentEnded(stream.number, compiled: nil))
    }

    func failed(_ stream: FragmentStream, _ fault: ESIFault) {
        noteTime(stream)
        streams[stream.number] = nil
        worker.counters.failedFragments += 1
        send(.fragmentFailed(stream.number, fault))
    }

    func noteTime(_ stream: FragmentStream) {
        let taken = worker.loop.refreshClock() - stream.startedAt
        if taken > slowest.nanoseconds { slowest = (taken, stream.fetch.text) }
    }

    /// An exchange is kept until the page is done: it may be on the way back from its last call.
    func retire(_ exchange: Exchange) { retired.append(exchange) }

    func findStored(_ number: Int, _ fetch: ESIFetch) -> Bool {
        let start = worker.loop.now
        guard let fragment = stored.find(fetch, of: exchange, parser: &requestParser) else { return false }
        let taken = worker.loop.refreshClock() - start
        stored.note(fragment, of: worker, delay: start - exchange.startedAt, nanoseconds: taken)
        if taken > slowest.nanoseconds { slowest = (taken, fetch.text) }
        found.append(.fragment(number, stored.fragment(fragment, worker)))
        return true
    }

    func start(_ number: Int, _ fetch: ESIFetch) {
        guard let client = exchange.connection else { return }
        worker.counters.fragments += 1
        let stream = FragmentStream(number, fetch, page: self, client: client)
        streams[number] = stream
        do throws(WireError) {
            let head = try exchange.fragmentHead(fetch, &requestParser)
            stream.begin(head, entity: fetch.entity ?? [])
        } catch {
            failed(stream, ESIFault(.refused, error.code.rawValue, error.message))
        }
    }

    func note() {
        let summary = assembly.summary
        var note = EventBlock.PageNote(
            name: name, parent: "", includes: Int64(summary.includes), failed: Int64(summary.failedIncludes),
            bytes: summary.fragmentBytes, slowestNanoseconds: slowest.nanoseconds, slowestURL: slowest.url,
            refused: Int64(summary.refusals), errorCode: summary.firstFault?.code ?? "",
            errorMessage: summary.firstFault?.explanation ?? "")
        note.fragments = stored.finish(worker)
        note.second = worker.nowSeconds
        exchange.pageNote = note
        for (code, count) in summary.faults { worker.counters.esiFaults[code, default: 0] += Int64(count) }
    }
}
