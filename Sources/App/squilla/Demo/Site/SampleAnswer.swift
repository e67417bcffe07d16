/// What the sample site answers to one request.
struct SampleAnswer: Sendable {
    var status = 200
    /// Without Date, Content-Length and framing, which the server adds.
    var headers: [(name: String, value: String)] = []
    var body: [UInt8] = []
    /// How long the site pretends to work on it.
    var delayMilliseconds = 0

    static func html(_ text: String, status: Int = 200, cache: String, delayMilliseconds: Int = 0) -> SampleAnswer {
        SampleAnswer(
            status: status, headers: [("Content-Type", "text/html; charset=utf-8"), ("Cache-Control", cache)],
            body: Array(text.utf8), delayMilliseconds: delayMilliseconds)
    }

    static func json(_ text: String, status: Int = 200, cache: String = "no-store", delayMilliseconds: Int = 0)
        -> SampleAnswer
    {
        SampleAnswer(
            status: status, headers: [("Content-Type", "application/json"), ("Cache-Control", cache)],
            body: Array(text.utf8), delayMilliseconds: delayMilliseconds)
    }

    static func redirect(_ location: String, status: Int = 302, cache: String = "no-store") -> SampleAnswer {
        SampleAnswer(status: status, headers: [("Location", location), ("Cache-Control", cache)])
    }

    /// Adds an entity tag made from the body, so that a copy can be validated.
    func withEntityTag() -> SampleAnswer {
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        for byte in body { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
        var answer = self
        answer.headers.append(("ETag", "\"\(String(hash, radix: 36))\""))
        return answer
    }
}

/// What the sample site looks at in a request.
struct SampleRequest: Sendable {
    /// In upper case.
    var method: String
    var path: String
    /// Without the question mark.
    var query: String = ""
    var ifNoneMatch: String?
    var ifModifiedSince: String?
    var acceptLanguage: String?
    var cookie: String?
    /// What the edge says that it can do.
    var surrogateCapability: String?
    var body: [UInt8] = []
}
