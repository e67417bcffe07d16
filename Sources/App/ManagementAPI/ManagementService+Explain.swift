import Edge
import Reactor

extension ManagementService {
    /// `POST /api/v1/explain`: which rules a request would meet, its cache key, and what the cache would say, without making it.
    func serveExplanation(_ request: HTTPRequest, _ responder: Responder) throws(APIError) {
        try only("POST", in: request)
        guard let explain = context.explain else { throw APIError(404, "not_found", "this server has no edge") }
        let question = try Self.question(
            JSONBody(request.body, known: ["url", "method", "headers", "client", "status", "answer_headers"]))
        // Rules are compiled programs, but some ask views and regular expressions.
        onWorker("explain", responder) { [self] () throws(APIError) in
            do throws(RequestQuestion.Fault) {
                respond(responder, try explain(question))
            } catch {
                throw .badRequest(error.message)
            }
        }
    }

    private static func question(_ body: JSONBody) throws(APIError) -> RequestQuestion {
        guard let url = try body.string("url") else { throw .badRequest("name the request's \"url\"") }
        let text = try body.string("client") ?? "127.0.0.1"
        guard let client = SocketAddress(numeric: text, port: 0) else {
            throw .badRequest("\"client\": expected an IP address, found \"\(text.prefix(64))\"")
        }
        var question = RequestQuestion(url: url, client: client)
        question.method = try body.string("method") ?? question.method
        question.headers = try headers(try body.strings("headers") ?? [], "headers")
        let answer = try headers(try body.strings("answer_headers") ?? [], "answer_headers")
        if let status = try body.integer("status") ?? (answer.isEmpty ? nil : 200) {
            question.answer = (Int(clamping: status), answer)
        }
        return question
    }

    private static func headers(
        _ lines: [String], _ member: String
    ) throws(APIError) -> [(name: String, value: String)] {
        var headers: [(name: String, value: String)] = []
        for line in lines {
            guard let header = RequestQuestion.header(line) else {
                throw .badRequest("\"\(member)\": expected \"NAME: VALUE\", found \"\(line.prefix(200))\"")
            }
            headers.append(header)
        }
        return headers
    }
}
