import Bytes
import HTTPWire

@testable import ESI

/// A page, its fragments and a client, without a network: plays the part of the edge.
struct ScriptedSite {
    struct Fragment {
        var status = 200
        var body: [UInt8] = []
        var location: String?
        var isESI = false
        /// Comes to nothing.
        var fails = false
        /// Takes longer than it may.
        var hangs = false
        /// Breaks off behind the body.
        var breaksOff = false
    }

    struct Answer: Equatable {
        var status = 200
        var fields: [String] = []
        var body = ""
        var requests: [String] = []
        /// What other requests may have.
        var published: [String] = []
        var fault: String?
    }

    enum Order { case asAsked, reversed }

    var markup: [UInt8]
    var fragments: [String: Fragment] = [:]
    var settings = ESISettings()
    var method = "GET"
    var host = "www.example.com"
    var target = "/page"
    var headers: [(String, String)] = []
    var clientAddress = "192.0.2.1"
    var now: Int64 = 1_700_000_000
    var facts: [String: String] = [:]
    /// Bytes of the page that come at a time.
    var pieceBytes = Int.max
    var order = Order.asAsked
    private(set) var trace: [ESITraceLine] = []

    init(_ markup: String) { self.markup = Array(markup.utf8) }

    private var request: ESIRequest {
        var block = HeaderBlock()
        block.append("Host", host)
        for (name, value) in headers { block.append(name, value) }
        let parts = target.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
        var request = ESIRequest(
            block: block, method: Array(method.utf8), isHTTPS: false, host: Array(host.utf8),
            path: Array(parts[0].utf8), query: parts.count > 1 ? Array(parts[1].utf8) : nil,
            clientAddress: Array(clientAddress.utf8), now: now, seed: 1)
        let facts = facts
        request.lookUp = { dictionary, key in
            let name = "\(dictionary == .geography ? "GEO" : "TRAFFIC_INFO").\(String(decoding: key, as: UTF8.self))"
            return facts[name].map { Array($0.utf8) }
        }
        return request
    }

    mutating func run() -> Answer {
        var player = Player(self, ESIAssembly(request, settings: settings, traces: true))
        player.play()
        trace = player.assembly.trace
        return player.answer
    }

    private struct Player {
        let site: ScriptedSite
        var assembly: ESIAssembly
        var answer = Answer()
        var body: [UInt8] = []
        var open: [(number: Int, fetch: ESIFetch)] = []
        var isOver = false

        init(_ site: ScriptedSite, _ assembly: ESIAssembly) {
            self.site = site
            self.assembly = assembly
        }

        mutating func play() {
            var parser = ESIParser(settings: site.settings)
            var position = 0
            while position < site.markup.count, !isOver {
                let end = position + min(site.pieceBytes, site.markup.count - position)
                for program in parser.feed(site.markup[position..<end].span) { send(.page(program)) }
                position = end
            }
            for program in parser.finish() { send(.page(program)) }
            send(.pageEnded)
            while !isOver {
                guard
                    let (number, fetch) = site.order == .reversed
                        ? open.popLast() : open.isEmpty ? nil : open.removeFirst()
                else {
                    answer.fault = answer.fault ?? "stuck"
                    break
                }
                answerFetch(number, fetch)
            }
            answer.body = String(decoding: body, as: UTF8.self)
        }

        private mutating func answerFetch(_ number: Int, _ fetch: ESIFetch) {
            let key = site.key(fetch)
            guard let fragment = site.fragments[key] else {
                send(.fragmentHead(number, status: 404, location: nil, isESI: false))
                return send(.fragmentEnded(number, compiled: nil))
            }
            if fragment.fails { return send(.fragmentFailed(number, ESIFault(.network, "connect", "refused"))) }
            if fragment.hangs { return send(.fragmentFailed(number, ESIFault(.timeout, "maxwait", "too slow"))) }
            send(
                .fragmentHead(
                    number, status: fragment.status, location: fragment.location.map { Array($0.utf8) },
                    isESI: fragment.isESI))
            for byte in fragment.body.indices { send(.fragmentBody(number, fragment.body[byte...byte])) }
            if fragment.breaksOff {
                return send(.fragmentFailed(number, ESIFault(.network, "broken_off", "broken off")))
            }
            send(.fragmentEnded(number, compiled: nil))
        }

        private mutating func send(_ event: ESIEvent) {
            for action in assembly.on(event) { perform(action) }
        }

        private mutating func perform(_ action: ESIAction) {
            switch action {
            case .fetch(let number, let fetch):
                open.append((number, fetch))
                answer.requests.append(site.describe(fetch))
            case .cancel(let id): open.removeAll { $0.number == id }
            case .pause, .resume: break
            case .publish(let url, let text):
                answer.published.append(
                    "\(String(decoding: url.text, as: UTF8.self)): \(String(decoding: text, as: UTF8.self))")
            case .head(let head):
                answer.status = head.status ?? 200
                for (name, value) in head.addedFields {
                    answer.fields.append(
                        "\(String(decoding: name, as: UTF8.self)): \(String(decoding: value, as: UTF8.self))")
                }
                if head.isUncacheable { answer.fields.append("uncacheable") }
            case .output(let bytes): body.append(contentsOf: bytes)
            case .end: isOver = true
            case .fail(let fault):
                isOver = true
                answer.fault = fault.code
                answer.status = fault.pageStatus
            }
        }
    }

    private func key(_ fetch: ESIFetch) -> String {
        let target = String(decoding: fetch.url.target, as: UTF8.self)
        let host = String(decoding: fetch.url.authority, as: UTF8.self)
        return host == self.host ? target : "\(host)\(target)"
    }

    private func describe(_ fetch: ESIFetch) -> String {
        var text = key(fetch)
        if fetch.method != Array("GET".utf8) { text = "\(String(decoding: fetch.method, as: UTF8.self)) \(text)" }
        for change in fetch.headers {
            let name = String(decoding: change.name, as: UTF8.self)
            let value = String(decoding: change.value, as: UTF8.self)
            switch change.kind {
            case .set: text += " [\(name)=\(value)]"
            case .append: text += " [\(name)+=\(value)]"
            case .remove: text += " [-\(name)]"
            }
        }
        if let entity = fetch.entity { text += " {\(String(decoding: entity, as: UTF8.self))}" }
        return text
    }
}
