import Bytes

/// Functions that change the response's head.
extension Machine {
    mutating func callResponse(
        _ function: Function, _ arguments: Arguments, _ page: inout Page
    ) throws(ESIFault) -> Value {
        guard !page.response.isSent else {
            throw ESIFault(
                .refused, "head_is_sent", "the head of the response was sent before; see esi.holding")
        }
        switch function {
        case .addHeader:
            let name = try text(0, arguments, &page)
            let value = try text(1, arguments, &page)
            try page.addField(Array(name.bytes), Array(value.bytes))
        case .setResponseCode: try setResponseCode(arguments, &page)
        case .setRedirect: try setRedirect(arguments, &page)
        default: page.response.isUncacheable = true
        }
        return .undefined
    }

    private mutating func setResponseCode(_ arguments: Arguments, _ page: inout Page) throws(ESIFault) {
        let status = try number(0, arguments, &page, "set_response_code")
        guard (200...599).contains(status) else {
            throw .expression("bad_status", "$set_response_code needs 200 to 599, not \(status)")
        }
        page.response.status = Int(status)
        guard arguments.count > 1 else { return }
        let body = try argument(1, arguments, &page)
        if body.isUndefined { return }
        var bytes: [UInt8] = []
        Page.appendMarkup(body, encodes: page.settings.encodesVariables, to: &bytes)
        page.response.body = bytes
    }

    private mutating func setRedirect(_ arguments: Arguments, _ page: inout Page) throws(ESIFault) {
        let location = try text(0, arguments, &page)
        let status = arguments.count > 1 ? try number(1, arguments, &page, "set_redirect") : 302
        guard (300...308).contains(status), status != 304 else {
            throw .expression("bad_status", "$set_redirect needs a redirect's status, not \(status)")
        }
        try page.addField(Array("Location".utf8), Array(location.bytes))
        page.response.status = Int(status)
        page.response.body = []
    }
}

extension Page {
    /// Fields that say how the message is carried are not the page's.
    private static let ownFields: Set<String> = [
        "connection", "content-length", "transfer-encoding", "keep-alive", "upgrade", "te", "trailer", "date",
        "proxy-connection", "surrogate-control", "content-encoding", "content-range",
    ]

    mutating func addField(_ name: [UInt8], _ value: [UInt8]) throws(ESIFault) {
        guard !name.isEmpty, name.count <= 256, name.allSatisfy({ $0.isTokenByte }) else {
            throw .expression("bad_header", "“\(String(decoding: name.prefix(60), as: UTF8.self))” is no field name")
        }
        guard value.count <= 8192, value.allSatisfy({ $0 >= 0x20 && $0 != 0x7F || $0 == 0x09 }) else {
            throw .expression("bad_header", "the field's value holds a control character, or is over 8 KiB")
        }
        let lower = String(decoding: name.map(\.lowered), as: UTF8.self)
        guard !Page.ownFields.contains(lower) else {
            throw ESIFault(.refused, "own_header", "the field \(lower) is the edge's own")
        }
        guard response.fields.count < settings.maximumAddedFields else {
            throw ESIFault.limit("max_added_fields", "too many fields")
        }
        response.fields.append((name, value))
    }

    /// Appends a value as it goes into markup.
    static func appendMarkup(_ value: Value, encodes: Bool, to bytes: inout [UInt8]) {
        switch value {
        case .text(let text) where !text.isTainted || !encodes: bytes.append(contentsOf: text.bytes)
        case .text(let text): Entities.encode(text.span, to: &bytes)
        default:
            guard encodes, value.isTainted else { return value.append(to: &bytes) }
            let text = value.asText
            Entities.encode(text.span, to: &bytes)
        }
    }
}

extension UInt8 {
    /// May stand in a token (RFC 9110, 5.6.2).
    var isTokenByte: Bool {
        if isNameByte { return true }
        switch UnicodeScalar(self) {
        case "!", "#", "$", "%", "&", "'", "*", "+", "-", ".", "^", "`", "|", "~": return true
        default: return false
        }
    }
}
