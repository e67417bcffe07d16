import Bytes
import HTTPWire

/// Variables that come from the request. Texts are slices of its head; all of them are tainted.
struct RequestVariables {
    let request: ESIRequest
    let hiddenCookies: [[UInt8]]
    /// The page's own view of the query and of fields with dashes for underscores.
    private let query: Text?

    init(_ request: ESIRequest, settings: ESISettings) {
        self.request = request
        hiddenCookies = settings.hiddenCookies.map { Array($0.utf8) }
        query = request.query.map { Text($0, taint: .client) }
    }

    // MARK: Whole variables

    func whole(_ variable: VariableName, _ program: ESIProgram) -> Value {
        switch variable {
        case .acceptLanguage: field(.acceptLanguage)
        case .cookie: field(.cookie, separator: "; ")
        case .host: .text(Text(request.host, taint: .client))
        case .referer: field(.referer)
        case .userAgent: field(.userAgent)
        case .field(let name): field(program.names[Int(name)])
        case .queryString: query.map { .text($0) } ?? .undefined
        case .requestMethod: .text(Text(request.method, taint: .client))
        case .requestPath: .text(Text(request.path, taint: .client))
        case .remoteAddress: .text(Text(request.clientAddress()))
        case .geography, .trafficInfo, .user, .arguments, .matches: .undefined
        }
    }

    /// The members of a variable that is a list or dictionary, for `foreach` and `$len`.
    func collection(_ variable: VariableName) -> Value? {
        switch variable {
        case .acceptLanguage:
            return .list(languages().map { .text($0) })
        case .cookie:
            var members = MemberGathering()
            forEachCookie { name, value in
                members.append(value, to: name)
                return true
            }
            return .dictionary(members.firsts)
        case .queryString:
            var members = MemberGathering()
            forEachParameter { name, value in
                members.append(value, to: name)
                return true
            }
            return .dictionary(members.all)
        default: return nil
        }
    }

    // MARK: Members

    func member(_ variable: VariableName, _ key: Text, _ program: ESIProgram) -> Value {
        switch variable {
        case .cookie: return cookie(key)
        case .queryString: return parameter(key)
        case .acceptLanguage: return .bool(languages().contains { $0.span.equalsIgnoringCase(key.span) })
        case .userAgent: return userAgent(key)
        case .geography: return fact(.geography, key)
        case .trafficInfo: return fact(.trafficInfo, key)
        case .field: return whole(variable, program).item(key)
        default: return .undefined
        }
    }

    private func fact(_ dictionary: ESIDictionary, _ key: Text) -> Value {
        guard let text = request.lookUp?(dictionary, Array(key.bytes)) else { return .undefined }
        return .text(Text(text))
    }

    private func cookie(_ key: Text) -> Value {
        var found = Value.undefined
        forEachCookie { name, value in
            guard name.span.isEqual(to: key.span) else { return true }
            found = .text(value)
            return false
        }
        return found
    }

    private func forEachCookie(_ body: (Text, Text) -> Bool) {
        let bytes = request.block.bytes
        for field in request.block.fields where field.id == .cookie {
            let range = field.value.range
            let goesOn = forEachPair(bytes, range, separator: UInt8(ascii: ";")) { name, value in
                if hiddenCookies.contains(where: { $0.span.isEqual(to: name.span) }) { return true }
                return body(name, value)
            }
            if !goesOn { return }
        }
    }

    private func parameter(_ key: Text) -> Value {
        var found = Value.undefined
        var several: [Value] = []
        forEachParameter { name, value in
            guard name.span.isEqual(to: key.span) else { return true }
            if found.isUndefined {
                found = .text(value)
            } else {
                if several.isEmpty { several.append(found) }
                several.append(.text(value))
            }
            return true
        }
        return several.isEmpty ? found : .list(several)
    }

    private func forEachParameter(_ body: (Text, Text) -> Bool) {
        guard let query = request.query else { return }
        _ = forEachPair(query, 0..<query.count, separator: UInt8(ascii: "&"), body)
    }

    /// `name=value` pairs, blanks around them left out.
    private func forEachPair(
        _ bytes: [UInt8], _ range: Range<Int>, separator: UInt8, _ body: (Text, Text) -> Bool
    ) -> Bool {
        var start = range.lowerBound
        while start < range.upperBound {
            var end = start
            while end < range.upperBound, bytes[end] != separator { end += 1 }
            var first = start
            var last = end
            while first < last, bytes[first].isBlank { first += 1 }
            while last > first, bytes[last - 1].isBlank { last -= 1 }
            if first < last {
                var equals = first
                while equals < last, bytes[equals] != UInt8(ascii: "=") { equals += 1 }
                let name = Text(bytes[first..<equals], taint: .client)
                let value = Text(bytes[min(last, equals + 1)..<last], taint: .client)
                if !body(name, value) { return false }
            }
            start = end + 1
        }
        return true
    }

    // MARK: Fields

    private func field(_ id: KnownHeader, separator: StaticString = ", ") -> Value {
        let block = request.block
        guard let first = block.firstIndex(of: id) else { return .undefined }
        if block.count(of: id) == 1 {
            return .text(Text(block.bytes[block.fields[first].value.range], taint: .client))
        }
        var joined: [UInt8] = []
        for field in block.fields where field.id == id {
            if !joined.isEmpty { joined.append(contentsOf: separator) }
            joined.append(contentsOf: block.bytes[field.value.range])
        }
        return .text(Text(joined, taint: .client))
    }

    private func field(_ name: [UInt8]) -> Value {
        let block = request.block
        var found: Text?
        for field in block.fields where block.slice(field.name).equalsIgnoringCase(name.span) {
            let value = Text(block.bytes[field.value.range], taint: .client)
            guard let before = found else {
                found = value
                continue
            }
            found = Text(Array(before.bytes) + [0x2C, 0x20] + Array(value.bytes), taint: .client)
        }
        return found.map { .text($0) } ?? .undefined
    }

    /// The ranges of Accept-Language without their weights.
    private func languages() -> [Text] {
        var list: [Text] = []
        let bytes = request.block.bytes
        for field in request.block.fields where field.id == .acceptLanguage {
            for part in bytes[field.value.range].split(separator: UInt8(ascii: ",")) {
                var range = part.prefix { $0 != UInt8(ascii: ";") }
                while let first = range.first, first.isBlank { range.removeFirst() }
                while let last = range.last, last.isBlank { range.removeLast() }
                if !range.isEmpty { list.append(Text(range, taint: .client)) }
            }
        }
        return list
    }

    /// `browser`, `version` and `os` in the dialect's words.
    private func userAgent(_ key: Text) -> Value {
        guard case .text(let agent) = field(.userAgent) else { return .undefined }
        let facts = UserAgentFacts(agent)
        if key.span.isEqual(to: "browser") { return .text(Text(facts.browser)) }
        if key.span.isEqual(to: "os") { return .text(Text(facts.system)) }
        if key.span.isEqual(to: "version") { return .text(facts.version) }
        return .undefined
    }
}

extension Value {
    /// The member of a list or dictionary; undefined where there is none.
    func item(_ key: Text) -> Value {
        switch self {
        case .list(let items):
            guard let index = key.integer else { return .undefined }
            let place = index < 0 ? Int64(items.count) + index : index
            return place >= 0 && place < Int64(items.count) ? items[Int(place)] : .undefined
        case .dictionary(let dictionary): return dictionary[key] ?? .undefined
        default: return .undefined
        }
    }
}
