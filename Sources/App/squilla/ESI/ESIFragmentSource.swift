import ESI
import HTTPWire

/// Where the desk's fragments come from.
enum ESIFragmentSource {
    case none
    case folder(String)
    case origin(host: String, port: Int)

    struct Answer {
        var status = 200
        var location: [UInt8]?
        var isESI = false
        var body: [UInt8] = []
    }

    init(origin: String?, folder: String?) throws {
        if let folder {
            self = .folder(folder)
        } else if let origin {
            guard origin.hasPrefix("http://") else { throw Failure("--origin \(origin): write http://HOST[:PORT]") }
            let authority = origin.dropFirst(7).prefix { $0 != "/" }
            let parts = authority.split(separator: ":")
            guard let host = parts.first, parts.count < 3, let port = parts.count == 2 ? Int(parts[1]) : 80 else {
                throw Failure("--origin \(origin): write http://HOST[:PORT]")
            }
            self = .origin(host: String(host), port: port)
        } else {
            self = .none
        }
    }

    func answer(_ fetch: ESIFetch) -> Result<Answer, ESIFault> {
        switch self {
        case .none:
            return .failure(ESIFault(.network, "no_source", "name --fragments or --origin to fetch fragments from"))
        case .folder(let folder): return .success(file(folder, fetch))
        case .origin(let host, let port):
            do {
                return .success(try request(host, port, fetch))
            } catch {
                return .failure(ESIFault(.network, "fetch", "\(error)"))
            }
        }
    }

    private func file(_ folder: String, _ fetch: ESIFetch) -> Answer {
        let path = String(decoding: fetch.url.target.prefix { $0 != 0x3F }, as: UTF8.self)
        // Dots were removed from the URL; encoded ones stay names.
        guard let bytes = try? ESIFiles.read(folder + path) else { return Answer(status: 404) }
        return Answer(body: bytes)
    }

    private func request(_ host: String, _ port: Int, _ fetch: ESIFetch) throws -> Answer {
        let socket = try BlockingSocket(host: host, port: port)
        var writer = HeadWriter()
        let method = fetch.method
        let target = fetch.url.target
        writer.requestLine(method: method.span, target: target.span)
        let authority = fetch.url.authority
        writer.field("Host", authority.span)
        writer.field("Connection", "close")
        for change in fetch.headers where change.kind != .remove { writer.field(change.name.span, change.value.span) }
        if let entity = fetch.entity { writer.field("Content-Length", entity.count) }
        writer.endHead()
        try socket.send(writer.bytes + (fetch.entity ?? []))
        var input: [UInt8] = []
        while input.count < ESIFiles.maximumBytes {
            let bytes = try socket.receive()
            if bytes.isEmpty { break }
            input += bytes
        }
        return try ESIFragmentSource.parse(input)
    }

    private static func parse(_ input: [UInt8]) throws -> Answer {
        do throws(WireError) {
            var parser = ResponseParser()
            var head = ResponseHead()
            let step = try parser.parse(input.span, requestMethod: .get, into: &head)
            var answer = Answer(status: head.status)
            answer.location = head.block.string(of: .location).map { Array($0.utf8) }
            answer.isESI = SurrogateControl(head.block).asksForESI
            var decoder = BodyDecoder(head.framing, limits: .origin, isLenient: true)
            var position = step.consumed
            while position < input.count, !decoder.isComplete {
                let taken = try decoder.decode(input.span.extracting(position...))
                let start = position + taken.data.lowerBound
                answer.body.append(contentsOf: input[start..<position + taken.data.upperBound])
                if taken.consumed == 0 { break }
                position += taken.consumed
            }
            return answer
        } catch {
            throw Failure("the answer is no HTTP: \(error.message)")
        }
    }
}
