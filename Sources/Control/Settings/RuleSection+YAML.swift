import Yams

extension RuleSection {
    /// The most rules of a file.
    static let maximumCount = 5_000

    init(reading section: YAMLSection, index: Int, lines: [Substring]) {
        name = section.string("name", default: "rule-\(index + 1)")
        if name.isEmpty || name.utf8.count > 64 || !name.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F && $0 != 0x2C }) {
            section.report("name", "a rule's name has 1 to 64 visible ASCII characters and no comma")
        }
        when = section.optionalString("when")
        if section.value(of: "when")?.isNull == true {
            section.report("when", "an empty condition; write TRUE, or leave when out, for a rule that always fires")
        }
        // Asked for, so that it is known where it is absent too.
        if section.node("phase") != nil { phase = section.choice("phase", default: Phase.receive) }
        stops = section.bool("stop", default: false)
        for key in section.order { read(key, section) }
        for known in RuleSection.examples.keys where !section.has(known) { _ = section.node(known) }
        section.finish()
        notePlaces(section, lines)
    }

    /// What is written behind each action's key, for whoever wrote nothing.
    private static let examples = [
        "deny": "403", "respond": "{status: 200, body: hello}", "redirect": "/new/path", "rewrite": "/new/path",
        "set_headers": "{X-Name: value}", "add_headers": "{X-Name: value}", "drop_headers": "[X-Name]",
        "strip_query": "[utm_*]", "sort_query": "true", "cache_key": "[url.domain, url.path]",
        "add_cache_key": "[url.scheme]", "ttl": "10m", "grace": "1h", "bypass": "true", "throttle": "{rate: 10/s}",
        "origin": "main", "canary": "{split: {blue: 95, green: 5}}", "tags": "[products]", "compress": "false",
        "esi": "true",
    ]

    private mutating func read(_ key: String, _ section: YAMLSection) {
        if let example = RuleSection.examples[key], section.value(of: key)?.isNull == true {
            return section.report(key, "an action without a value; write what it is to do, such as \(key): \(example)")
        }
        guard let action = action(key, section) else { return }
        actions.append(KeyedAction(key: key, action: action))
    }

    private func action(_ key: String, _ section: YAMLSection) -> Action? {
        switch key {
        case "deny":
            if ["true", "yes", "on"].contains(section.optionalString(key)?.lowercased()) { return .deny(status: 403) }
            return .deny(status: section.integer(key, default: 403, in: 400...599))
        case "respond": return .respond(Respond(reading: section.section(key)))
        case "redirect": return redirect(key, section)
        case "rewrite": return section.optionalString(key).map { .rewrite($0) }
        case "set_headers": return .setHeaders(section.headers(key))
        case "add_headers": return .addHeaders(section.headers(key))
        case "drop_headers": return section.strings(key).map { .dropHeaders($0) }
        case "strip_query": return section.strings(key).map { .stripQuery($0) }
        case "sort_query": return section.bool(key, default: false) ? .sortQuery : nil
        case "cache_key": return section.strings(key).map { .cacheKey($0) }
        case "add_cache_key": return section.strings(key).map { .addCacheKey($0) }
        case "ttl": return amount(key, section).map { .timeToLive($0) }
        case "grace": return amount(key, section).map { .grace($0) }
        case "bypass": return section.bool(key, default: false) ? .bypass : nil
        case "throttle": return throttle(section.section(key)).map { .throttle($0) }
        case "origin": return section.optionalString(key).map { .origin($0) }
        case "canary": return .canary(Canary(reading: section.section(key)))
        case "tags": return section.strings(key).map { .tags($0) }
        case "compress": return .compress(section.bool(key, default: true))
        case "esi": return .esi(section.bool(key, default: true))
        default: return nil
        }
    }

    private func redirect(_ key: String, _ section: YAMLSection) -> Action? {
        if let text = section.node(key)?.scalar?.string { return .redirect(Redirect(to: text)) }
        let inner = section.section(key)
        let target = inner.optionalString("to")
        var redirect = Redirect(to: target ?? "")
        redirect.status = inner.integer("status", default: redirect.status, in: 301...308)
        redirect.keepsQuery = inner.bool("keep_query", default: redirect.keepsQuery)
        inner.finish()
        if target == nil { section.report(key, "a redirect needs a target: to: /new/${…}") }
        return target == nil ? nil : .redirect(redirect)
    }

    /// A duration, or `${expression}` that gives seconds.
    private func amount(_ key: String, _ section: YAMLSection) -> Amount? {
        guard let text = section.optionalString(key) else { return nil }
        if text.hasPrefix("${"), text.hasSuffix("}") { return .computed(String(text.dropFirst(2).dropLast())) }
        if let seconds = Int(text), (0...(1 << 31)).contains(seconds) { return .milliseconds(seconds * 1000) }
        guard let milliseconds = Quantities.milliseconds(text), milliseconds >= 0 else {
            section.report(
                key, "expected seconds, a duration such as 10m or 1d, or ${expression} for seconds, found \"\(text)\"")
            return nil
        }
        return .milliseconds(milliseconds)
    }

    private func throttle(_ section: YAMLSection) -> Throttle? {
        let key = section.optionalString("key")
        let rate = section.optionalString("rate")
        let parts = (rate ?? "").split(separator: "/", maxSplits: 1).map(String.init)
        let events = parts.first.flatMap { Int($0.trimming) } ?? 0
        let units = ["s": 1000, "m": 60_000, "min": 60_000, "h": 3_600_000, "d": 86_400_000]
        let unit = parts.count == 2 ? parts[1].trimming : ""
        let milliseconds = units[unit] ?? Quantities.milliseconds(unit) ?? 0
        let burst = section.integer("burst", default: max(1, events), in: 1...1_000_000_000)
        section.finish()
        guard (1...1_000_000_000).contains(events), (1...86_400_000).contains(milliseconds) else {
            section.report("rate", "expected how many in which time, such as 10/s, 100/m or 5/10s")
            return nil
        }
        return Throttle(key: key, events: events, milliseconds: milliseconds, burst: burst)
    }

    private mutating func notePlaces(_ section: YAMLSection, _ lines: [Substring]) {
        if let mark = section.mark { places[""] = Place(line: mark.line, column: mark.column, indentation: nil) }
        for key in section.order {
            guard let node = section.value(of: key) else { continue }
            note(key, node, lines)
            for (name, value) in node.mapping ?? [:] {
                if let name = name.string { note("\(key).\(name)", value, lines) }
            }
        }
    }

    private mutating func note(_ key: String, _ node: Node, _ lines: [Substring]) {
        guard let mark = node.mark else { return }
        var place = Place(line: mark.line, column: mark.column, indentation: nil)
        if let scalar = node.scalar {
            switch scalar.style {
            case .literal, .folded:
                let next = mark.line < lines.count ? lines[mark.line] : ""
                place.indentation = next.prefix { $0 == " " }.count
            case .singleQuoted, .doubleQuoted: place.column += 1
            default: break
            }
        }
        places[key] = place
    }
}

extension RuleSection.Respond {
    fileprivate init(reading section: YAMLSection) {
        status = section.integer("status", default: status, in: 200...599)
        headers = section.headers("headers")
        body = section.string("body", default: body)
        section.finish()
    }
}

extension RuleSection.Canary {
    fileprivate init(reading section: YAMLSection) {
        by = section.optionalString("by")
        for (name, value) in section.node("split")?.mapping ?? [:] {
            guard let name = name.string, let text = value.scalar?.string, let percent = Double(text),
                (0...100).contains(percent)
            else {
                section.report("split", "expected origins with percentages, such as {blue: 95, green: 5}")
                continue
            }
            split.append(Share(origin: name, hundredths: Int((percent * 100).rounded())))
        }
        if split.isEmpty { section.report("split", "name the origins with their percentages: {blue: 95, green: 5}") }
        section.finish()
    }
}

extension YAMLSection {
    /// Names with texts, in their order.
    fileprivate func headers(_ key: String) -> [RuleSection.Header] {
        guard let node = node(key) else { return [] }
        guard let mapping = node.mapping else {
            report(key, "expected names of fields with values, found \(node.kindName)")
            return []
        }
        return mapping.compactMap { name, value in
            guard let name = name.string, let text = value.scalar?.string else {
                report(key, "expected a text for each field")
                return nil
            }
            if value.isNull {
                report(key, "the field \(name) has no value; write \(name): \"\" for one that is empty")
                return nil
            }
            return RuleSection.Header(name: name, value: text)
        }
    }
}

extension String {
    fileprivate var trimming: String {
        String(drop { $0 == " " }.reversed().drop { $0 == " " }.reversed())
    }
}
