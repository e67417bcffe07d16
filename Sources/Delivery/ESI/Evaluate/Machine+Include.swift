import Bytes

/// `include` and `eval`: what to fetch, and whether to wait for it.
extension Machine {
    /// The page or fragment that relative URLs in the markup at hand belong to.
    func base(_ page: borrowing Page) -> ESIURL {
        guard chain.count > 1, let last = chain.last else { return page.own }
        return ESIURL(last.span, relativeTo: page.own) ?? page.own
    }

    mutating func include(
        _ index: Int, _ program: ESIProgram, _ place: ESIPlace, _ page: inout Page
    ) throws(ESIFault) {
        let node = program.includes[index]
        guard calls.isEmpty else {
            let name = node.isEval ? "esi:eval" : "esi:include"
            throw ESIFault(.markup, "misplaced", "<\(name)> can't stand in a function", place: place)
        }
        if page.response.body != nil { return }
        let isWhole = node.evaluation == .whenAsked && page.settings.evaluatesFragments
        var request = IncludeRequest(
            continuesOnError: node.continuesOnError, isEval: node.isEval,
            evaluation: isWhole ? .always : node.evaluation, chain: chain, place: place)
        do throws(ESIFault) {
            // First of all, so that it holds for an `alt` too whose `src` is no URL.
            try countInclude(&page)
            if node.alternative >= 0 { request.alternative = try url(node.alternative, node, program, &page) }
            let fetch = try fetch(node, program, request.evaluation, &page)
            try admit(fetch, &request, &page)
        } catch {
            request.fault = error.at(place)
        }
        let waits = node.isEval || !captures.isEmpty
        request.scope = waits ? page.output.openDetached() : page.output.open(in: scope)
        if waits || orderedDepth > 0 {
            state = .awaitsScope(request.scope)
            continuation = waits ? .capture : .goOn
            if node.isEval { continuation = .evaluate(url: request.fetch?.text ?? []) }
        }
        page.includes.append(request)
    }

    /// What to fetch: made with the page where nothing of it had to be evaluated.
    private mutating func fetch(
        _ node: IncludeNode, _ program: ESIProgram, _ evaluation: ESIFetch.Evaluation, _ page: inout Page
    ) throws(ESIFault) -> ESIFetch {
        if node.fetch >= 0, program.base == chain.last {
            let fetch = program.fetches[Int(node.fetch)]
            if !fetch.isOwnHost { try checkHost(fetch.url, page) }
            return fetch
        }
        let url = try url(node.source, node, program, &page)
        let entity = node.entity >= 0 ? Array(try evaluate(node.entity, program, &page).asText.bytes) : nil
        return ESIFetch(
            url, isOwnHost: url.host == page.own.host, evaluation: evaluation,
            maximumMilliseconds: try maximumWait(node, program, &page), method: try method(node, program, &page),
            entity: entity, headers: try headers(node, program, &page),
            timeToLiveSeconds: try timeToLive(node, program, &page), noStore: try isOn(node.noStore, program, &page))
    }

    private func countInclude(_ page: inout Page) throws(ESIFault) {
        page.budget.includes += 1
        guard page.budget.includes <= page.settings.maximumIncludes else {
            throw ESIFault.limit("max_includes", "too many includes")
        }
        guard chain.count <= page.settings.maximumDepth else {
            throw ESIFault.limit("max_depth", "fragments in fragments are nested too deep")
        }
    }

    /// Takes what to fetch, unless the page itself holds it or it stands around it.
    private func admit(_ fetch: ESIFetch, _ request: inout IncludeRequest, _ page: inout Page) throws(ESIFault) {
        page.note(
            request.place, depth,
            "\(request.isEval ? "eval" : "include"): \(String(decoding: fetch.text, as: UTF8.self))")
        if !page.inlines.isEmpty, let inline = page.inlines[fetch.text] { request.inline = inline }
        guard !chain.contains(fetch.text) else {
            throw ESIFault(.refused, "loop", "\(String(decoding: fetch.text, as: UTF8.self)) includes itself")
        }
        request.fetch = fetch
    }

    private mutating func url(
        _ expression: Int32, _ node: IncludeNode, _ program: ESIProgram, _ page: inout Page
    ) throws(ESIFault) -> ESIURL {
        let text = try evaluate(expression, program, &page).asText
        guard var url = ESIURL(text.span, relativeTo: base(page)) else {
            let shown = String(decoding: text.bytes.prefix(200), as: UTF8.self)
            throw ESIFault(.expression, "bad_url", "“\(shown)” is no URL of http or https")
        }
        try checkHost(url, page)
        let parameters = node.parameters
        for index in parameters.first..<parameters.first + parameters.count {
            let parameter = program.parameters[Int(index)]
            let name = try evaluate(parameter.name, program, &page).asText
            let value = try evaluate(parameter.value, program, &page).asText
            url.addParameter(name.span, value.span)
        }
        return url
    }

    /// The page's own host and those that the settings name.
    private func checkHost(_ url: ESIURL, _ page: borrowing Page) throws(ESIFault) {
        if url.host == page.own.host { return }
        let host = String(decoding: url.host, as: UTF8.self)
        guard page.settings.allows(host: host) else {
            throw ESIFault(.refused, "host", "fragments may not come from \(host) (esi.allowed_hosts)")
        }
    }

    private mutating func method(
        _ node: IncludeNode, _ program: ESIProgram, _ page: inout Page
    ) throws(ESIFault) -> [UInt8] {
        guard node.method >= 0 else { return node.entity >= 0 ? Array("POST".utf8) : ESIFetch.get }
        let method = try evaluate(node.method, program, &page).asText.mapped { $0.raised }
        for known in ["GET", "POST"] where method.bytes.elementsEqual(known.utf8) { return Array(known.utf8) }
        throw .expression("bad_method", "the method of a fragment is GET or POST")
    }

    private mutating func maximumWait(
        _ node: IncludeNode, _ program: ESIProgram, _ page: inout Page
    ) throws(ESIFault) -> Int {
        guard node.maximumWait >= 0 else { return page.settings.fragmentMilliseconds }
        let value = try evaluate(node.maximumWait, program, &page)
        guard let milliseconds = value.integer, milliseconds >= 0 else {
            throw .expression("bad_maxwait", "maxwait is a number of milliseconds")
        }
        return milliseconds == 0 ? page.settings.fragmentMilliseconds : Int(min(milliseconds, 86_400_000))
    }

    private mutating func isOn(
        _ expression: Int32, _ program: ESIProgram, _ page: inout Page
    ) throws(ESIFault) -> Bool {
        guard expression >= 0 else { return false }
        let text = try evaluate(expression, program, &page).asText.mapped { $0.lowered }
        return text.span.isEqual(to: "on") || text.span.isEqual(to: "yes") || text.span.isEqual(to: "true")
            || text.isEmpty
    }

    /// `90`, `90s`, `15m`, `2h` or `1d`.
    private mutating func timeToLive(
        _ node: IncludeNode, _ program: ESIProgram, _ page: inout Page
    ) throws(ESIFault) -> Int64? {
        guard node.timeToLive >= 0 else { return nil }
        let text = try evaluate(node.timeToLive, program, &page).asText
        let units: [(UInt8, Int64)] = [(0x73, 1), (0x6D, 60), (0x68, 3600), (0x64, 86_400)]
        var digits = text
        var unit: Int64 = 1
        if let last = text.bytes.last, let known = units.first(where: { $0.0 == last.lowered }) {
            digits = Text(text.bytes.dropLast())
            unit = known.1
        }
        guard let count = digits.integer, count >= 0, count <= 1_000_000_000 else {
            throw .expression("bad_ttl", "ttl is a number with s, m, h or d")
        }
        return count * unit
    }

    private mutating func headers(
        _ node: IncludeNode, _ program: ESIProgram, _ page: inout Page
    ) throws(ESIFault) -> [ESIFetch.HeaderChange] {
        var list: [ESIFetch.HeaderChange] = []
        for index in node.headers.first..<node.headers.first + node.headers.count {
            let change = program.headerChanges[Int(index)]
            let line = try evaluate(change.line, program, &page).asText
            if change.kind == .remove {
                for name in line.bytes.split(separator: UInt8(ascii: ",")) {
                    let name = Array(Text(name).stripped(left: true, right: true).bytes)
                    guard !name.isEmpty, name.allSatisfy(\.isTokenByte) else { throw .badHeaderLine(line) }
                    list.append(ESIFetch.HeaderChange(kind: .remove, name: name, value: []))
                }
                continue
            }
            guard let colon = line.bytes.firstIndex(of: UInt8(ascii: ":")) else { throw .badHeaderLine(line) }
            let name = Array(Text(line.bytes[..<colon]).stripped(left: true, right: true).bytes)
            let value = Array(Text(line.bytes[(colon + 1)...]).stripped(left: true, right: true).bytes)
            guard !name.isEmpty, name.allSatisfy(\.isTokenByte), value.count <= 8192,
                value.allSatisfy({ $0 >= 0x20 && $0 != 0x7F || $0 == 0x09 })
            else { throw .badHeaderLine(line) }
            list.append(
                ESIFetch.HeaderChange(kind: change.kind == .set ? .set : .append, name: name, value: value))
        }
        return list
    }
}

extension ESIFault {
    static func badHeaderLine(_ line: Text) -> ESIFault {
        let shown = String(decoding: line.bytes.prefix(60), as: UTF8.self)
        return .expression("bad_header", "“\(shown)” is no “Name: value”")
    }
}
