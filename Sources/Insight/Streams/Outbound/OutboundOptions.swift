import SQL

extension ConnectorOptions {
    /// The address behind `url`, and the fields of `http.header.NAME`.
    ///
    /// - Parameter names: of columns that may stand as `{name}` in the address; each is put in its place as `x` to look
    ///   at the whole.
    func address(_ option: String, names: [String] = []) throws(SQLError) -> String {
        guard let text = text(option) else { throw missing(option) }
        var sample = text
        for name in names { sample = sample.replacing("{\(name)}", with: "x") }
        guard OutboundURL(sample) != nil else {
            let reason =
                text.utf8.contains(UInt8(ascii: "@"))
                ? "must be an http or https address without a user" : "must be an http or https address"
            throw SQLError(
                code: .invalidQuery, message: "table \(table): option '\(option)' \(reason)",
                suggestion: "what lets you in belongs in 'http.header.Authorization'")
        }
        return text
    }

    func headers() throws(SQLError) -> [OutboundRequest.Header] {
        let prefix = "http.header."
        var headers: [OutboundRequest.Header] = []
        for name in names where name.hasPrefix(prefix) {
            let field = String(name.dropFirst(prefix.count))
            let value = text(name) ?? ""
            guard Self.isToken(field), !Self.reserved.contains(field.lowercased()) else {
                throw SQLError(
                    code: .invalidQuery, message: "table \(table): '\(field)' is no header that can be set")
            }
            guard value.utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x7f || $0 == 0x09 }) else {
                throw SQLError(
                    code: .invalidQuery, message: "table \(table): the value of '\(name)' holds control characters")
            }
            headers.append(.init(name: field, value: value))
        }
        return headers
    }

    private static let reserved: Set<String> = [
        "host", "content-length", "transfer-encoding", "connection", "idempotency-key",
    ]

    /// RFC 9110, 5.6.2.
    private static func isToken(_ text: String) -> Bool {
        !text.isEmpty
            && text.utf8.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                    UInt8(ascii: "0")...UInt8(ascii: "9"):
                    true
                default: "!#$%&'*+-.^_`|~".utf8.contains(byte)
                }
            }
    }
}
