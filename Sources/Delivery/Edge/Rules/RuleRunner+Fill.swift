import Bytes
import Columns
import Geography
import HTTPWire
import Reactor
import SQL

extension RuleRunner {
    /// Sets a column.
    func fill(
        _ fill: RuleFill, _ subject: RuleSubject, _ head: RequestHead, _ response: ResponseHead, knowsResponse: Bool
    ) {
        switch fill.source {
        case .field(let field):
            if field.isOfResponse, !knowsResponse {
                values.setNull(fill.column)
            } else {
                put(fill.column, field, subject, head, response)
            }
        case .keyed(.header, let name, let id): setHeader(fill.column, head.block, .first, name, id)
        case .keyed(.responseHeader, let name, let id): setHeader(fill.column, response.block, .second, name, id)
        case .keyed(.cookie, let name, _): setCookie(fill.column, head, name)
        case .keyed(.parameter, let name, _): setParameter(fill.column, head, name)
        }
    }

    private func put(
        _ column: Int, _ field: RuleField, _ subject: RuleSubject, _ head: RequestHead,
        _ response: ResponseHead
    ) {
        switch field {
        case .method: values.set(column, .first, head.methodRange.range)
        case .scheme: put(column, subject.isSecure ? "https" : "http")
        case .domain: setDomain(column, head.slice(head.host))
        case .path: setPath(column, head)
        case .rawPath: if head.path.isEmpty { put(column, "/") } else { values.set(column, .first, head.path.range) }
        case .query: if head.hasQuery { values.set(column, .first, head.query.range) } else { values.setNull(column) }
        case .extension: setExtension(column, head)
        case .httpVersion: put(column, head.majorVersion == 2 ? "2" : head.minorVersion == 0 ? "1.0" : "1.1")
        case .bodyBytes:
            switch head.framing {
            case .length(let length): values.set(column, Int64(clamping: length))
            case .none: values.set(column, 0)
            case .chunked, .untilClose: values.setNull(column)
            }
        case .userAgent: setHeader(column, head.block, .first, [], .userAgent)
        case .referrer: setHeader(column, head.block, .first, [], .referer)
        case .clientAddress:
            values.set(column, IPAddress(high: subject.clientHigh, low: subject.clientLow))
        case .clientPort: values.set(column, Int64(subject.clientPort))
        case .isFragment: values.set(column, subject.isFragment)
        case .time: values.set(column, subject.wallMicroseconds)
        case .country, .continent, .region, .city, .asNumber, .asName: setGeography(column, field, subject)
        case .status: values.set(column, Int64(response.status))
        case .mimeType: setMimeType(column, response.block)
        case .cacheStatus: put(column, subject.cacheStatus.map { $0.text })
        case .cacheAge: if subject.cacheAge < 0 { values.setNull(column) } else { values.set(column, subject.cacheAge) }
        case .originName: put(column, text: subject.originName)
        case .errorCode: put(column, text: subject.errorCode)
        default: setTLS(column, field, subject)
        }
    }

    private func setTLS(_ column: Int, _ field: RuleField, _ subject: RuleSubject) {
        guard let tls = subject.tls else { return values.setNull(column) }
        switch field {
        case .tlsVersion: put(column, text: tls.version)
        case .tlsCipher: put(column, text: tls.cipher)
        case .tlsResumed: values.set(column, tls.isResumed)
        case .tlsProtocol: put(column, text: tls.applicationProtocol ?? "")
        case .tlsServerName: put(column, text: tls.serverName ?? "")
        case .tlsSubject: put(column, text: tls.peer?.subject ?? "")
        case .tlsIssuer: put(column, text: tls.peer?.issuer ?? "")
        default: put(column, text: tls.peer?.fingerprint ?? "")
        }
    }

    private func setGeography(_ column: Int, _ field: RuleField, _ subject: RuleSubject) {
        guard let geography, let fact = field.geography,
            let bytes = geography.find(fact, high: subject.clientHigh, low: subject.clientLow)
        else { return values.setNull(column) }
        if field == .asNumber {
            if let number = NumberParser.int64(bytes.span) {
                values.set(column, number)
            } else {
                values.setNull(column)
            }
        } else {
            values.make(column) { $0.append(contentsOf: bytes) }
        }
    }

    private func put(_ column: Int, _ text: StaticString?) {
        guard let text else { return values.setNull(column) }
        values.make(column) { $0.append(contentsOf: text) }
    }

    /// An empty text is none.
    private func put(_ column: Int, text: String) {
        if text.isEmpty { return values.setNull(column) }
        values.make(column) { $0.append(contentsOf: text.utf8) }
    }

    private func setLower(_ column: Int, _ text: Span<UInt8>) {
        values.make(column) { out in
            for index in text.indices { out.append(text[index] &- 0x41 < 26 ? text[index] | 0x20 : text[index]) }
        }
    }

    /// Without the dot that a name may end with (RFC 1034, 3.1).
    private func setDomain(_ column: Int, _ host: Span<UInt8>) {
        let count = host.count
        setLower(column, count > 1 && host[count - 1] == 0x2E ? host.extracting(..<(count - 1)) : host)
    }

    private func setPath(_ column: Int, _ head: RequestHead) {
        let path = head.slice(head.path)
        if path.count == 0 { return put(column, "/") }
        if PlainPath.isPlain(path) { return values.set(column, .first, head.path.range) }
        values.make(column) { PlainPath.append(path, to: &$0) }
    }

    private func setExtension(_ column: Int, _ head: RequestHead) {
        let path = head.slice(head.path)
        if PlainPath.isPlain(path) { return setExtension(column, of: path) }
        var plain: [UInt8] = []
        PlainPath.append(path, to: &plain)
        setExtension(column, of: plain.span)
    }

    /// Behind the last dot of the last part of the path.
    private func setExtension(_ column: Int, of path: Span<UInt8>) {
        var index = path.count - 1
        while index >= 0, path[index] != 0x2F {
            if path[index] == 0x2E, index + 1 < path.count {
                return setLower(column, path.extracting((index + 1)...))
            }
            index -= 1
        }
        values.setNull(column)
    }

    private func setMimeType(_ column: Int, _ block: HeaderBlock) {
        guard let index = block.firstIndex(of: .contentType) else { return values.setNull(column) }
        let field = block.fields[index]
        let value = block.slice(field.value)
        var end = 0
        while end < value.count, value[end] != 0x3B, value[end] != 0x20 { end += 1 }
        setLower(column, value.extracting(0..<end))
    }

    /// A field of several lines is their list (RFC 9110, 5.3).
    private func setHeader(
        _ column: Int, _ block: HeaderBlock, _ buffer: RowValues.Buffer, _ name: [UInt8], _ id: KnownHeader
    ) {
        guard block.contains(id) else { return values.setNull(column) }
        var first = -1
        var others = 0
        for index in 0..<block.fields.count where isField(block, index, name, id) {
            if first < 0 { first = index } else { others += 1 }
        }
        guard first >= 0 else { return values.setNull(column) }
        if others == 0 { return values.set(column, buffer, block.fields[first].value.range) }
        let separator: StaticString = id == .cookie ? "; " : ", "
        values.make(column) { out in
            for index in first..<block.fields.count where isField(block, index, name, id) {
                if index > first { out.append(contentsOf: separator) }
                out.append(contentsOf: block.slice(block.fields[index].value))
            }
        }
    }

    @inline(__always)
    private func isField(_ block: HeaderBlock, _ index: Int, _ name: [UInt8], _ id: KnownHeader) -> Bool {
        let field = block.fields[index]
        guard field.id == id else { return false }
        return id != .other
            || Int(field.nameLength) == name.count && block.slice(field.name).equalsIgnoringCase(name.span)
    }

    /// What may stand around a cookie (RFC 6265, 5.2), for all of the edge alike.
    @inline(__always)
    private static func isBlank(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x09 }

    /// The first cookie of the name (RFC 6265, 5.4).
    private func setCookie(_ column: Int, _ head: RequestHead, _ name: [UInt8]) {
        guard head.block.contains(.cookie) else { return values.setNull(column) }
        for index in 0..<head.block.fields.count where head.block.fields[index].id == .cookie {
            let field = head.block.fields[index].value
            let text = head.block.slice(field)
            var start = 0
            while start < text.count {
                while start < text.count, RuleRunner.isBlank(text[start]) || text[start] == 0x3B { start += 1 }
                let end = text.firstIndex(of: 0x3B, from: start) ?? text.count
                if end - start > name.count, text[start + name.count] == 0x3D,
                    text.extracting(start..<start + name.count).isEqual(to: name.span)
                {
                    var last = end
                    while last > start + name.count + 1, RuleRunner.isBlank(text[last - 1]) { last -= 1 }
                    return values.set(column, .first, field.start + start + name.count + 1..<field.start + last)
                }
                start = end + 1
            }
        }
        values.setNull(column)
    }

    /// The first parameter of the name, with its percent signs resolved.
    private func setParameter(_ column: Int, _ head: RequestHead, _ name: [UInt8]) {
        guard head.hasQuery else { return values.setNull(column) }
        let text = head.slice(head.query)
        var start = 0
        while start <= text.count {
            let end = text.firstIndex(of: 0x26, from: start) ?? text.count
            let part = text.extracting(start..<end)
            let equals = part.firstIndex(of: 0x3D) ?? part.count
            if isNamed(part.extracting(0..<equals), name) {
                return setDecoded(column, part.extracting(min(equals + 1, part.count)...))
            }
            start = end + 1
        }
        values.setNull(column)
    }

    /// The name may be written with percent signs.
    private func isNamed(_ text: Span<UInt8>, _ name: [UInt8]) -> Bool {
        if text.isEqual(to: name.span) { return true }
        guard text.firstIndex(ofEither: 0x25, or: 0x2B) != nil else { return false }
        var decoded: [UInt8] = []
        decode(text, into: &decoded)
        return decoded == name
    }

    private func setDecoded(_ column: Int, _ text: Span<UInt8>) {
        values.make(column) { decode(text, into: &$0) }
    }

    private func decode(_ text: Span<UInt8>, into out: inout [UInt8]) {
        var index = 0
        while index < text.count {
            if text[index] == 0x25, index + 2 < text.count, let high = text[index + 1].hexadecimal,
                let low = text[index + 2].hexadecimal
            {
                out.append(high << 4 | low)
                index += 3
            } else {
                out.append(text[index] == 0x2B ? 0x20 : text[index])
                index += 1
            }
        }
    }
}

extension UInt8 {
    fileprivate var hexadecimal: UInt8? {
        if self &- 0x30 < 10 { return self &- 0x30 }
        let letter = (self | 0x20) &- 0x61
        return letter < 6 ? letter + 10 : nil
    }
}
