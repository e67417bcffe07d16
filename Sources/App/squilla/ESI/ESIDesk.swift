import ESI
import Glibc
import HTTPWire

/// Assembles a page in one thread, one fragment after the other.
struct ESIDesk {
    private var assembly: ESIAssembly
    private let source: ESIFragmentSource
    private var open: [(number: Int, fetch: ESIFetch)] = []
    private var isOver = false
    private(set) var body: [UInt8] = []
    private(set) var fault: ESIFault?
    private var head: ESIHead?

    /// - Parameter headers: `Name: value` each.
    init(url: String, headers: [String], source: ESIFragmentSource) throws {
        self.source = source
        let request = try ESIDesk.request(url, headers)
        var settings = ESISettings()
        settings.allowedHosts = ["*"]
        settings.allowsPrivateHosts = true
        assembly = ESIAssembly(request, settings: settings, traces: true)
    }

    private static func request(_ url: String, _ headers: [String]) throws -> ESIRequest {
        let isHTTPS = url.hasPrefix("https://")
        guard isHTTPS || url.hasPrefix("http://") else { throw Failure("--url \(url): not http:// or https://") }
        let rest = url.dropFirst(isHTTPS ? 8 : 7)
        let host = rest.prefix { $0 != "/" && $0 != "?" }
        let target = rest.dropFirst(host.count)
        let path = target.prefix { $0 != "?" }
        let query = target.dropFirst(path.count).dropFirst()
        var block = HeaderBlock()
        block.append("Host", String(host))
        for line in headers {
            let parts = line.split(separator: ":", maxSplits: 1)
            guard parts.count == 2 else { throw Failure("--header '\(line)': write Name: value") }
            let value = parts[1].drop { $0 == " " }
            guard line.utf8.count < 32_768, !line.contains("\n"), !line.contains("\r") else {
                throw Failure("--header: too long, or with a line break")
            }
            block.append(String(parts[0]), String(value))
        }
        return ESIRequest(
            block: block, method: Array("GET".utf8), isHTTPS: isHTTPS, host: Array(host.utf8), path: Array(path.utf8),
            query: target.contains("?") ? Array(query.utf8) : nil, clientAddress: Array("127.0.0.1".utf8),
            now: Int64(time(nil)), seed: .random(in: .min ... .max))
    }

    mutating func run(_ page: ESIPage) {
        for program in page.programs { send(.page(program)) }
        send(.pageEnded)
        while !isOver, !open.isEmpty {
            let (number, fetch) = open.removeFirst()
            switch source.answer(fetch) {
            case .success(let answer):
                send(.fragmentHead(number, status: answer.status, location: answer.location, isESI: answer.isESI))
                send(.fragmentBody(number, answer.body[...]))
                send(.fragmentEnded(number, compiled: nil))
            case .failure(let fault): send(.fragmentFailed(number, fault))
            }
        }
    }

    private mutating func send(_ event: ESIEvent) {
        for action in assembly.on(event) {
            switch action {
            case .fetch(let number, let fetch): open.append((number, fetch))
            case .cancel(let id): open.removeAll { $0.number == id }
            case .output(let bytes): body.append(contentsOf: bytes)
            case .head(let head): self.head = head
            case .end: isOver = true
            case .fail(let fault):
                isOver = true
                self.fault = fault
            case .pause, .resume, .publish: break
            }
        }
    }

    /// To standard error, so that the page can be piped.
    func explain() {
        for line in assembly.trace {
            let indent = String(repeating: "  ", count: line.depth)
            StandardError.write(line: "\(line.place.line):\(line.place.column) \(indent)\(line.text)")
        }
        for line in assembly.debugLines { StandardError.write(line: "debug: \(String(decoding: line, as: UTF8.self))") }
        if let status = head?.status { StandardError.write(line: "status \(status)") }
        for field in head?.addedFields ?? [] {
            let name = String(decoding: field.name, as: UTF8.self)
            StandardError.write(line: "\(name): \(String(decoding: field.value, as: UTF8.self))")
        }
        let summary = assembly.summary
        StandardError.write(
            line: "\(summary.includes) includes, \(summary.failedIncludes) failed, \(summary.fragmentBytes) bytes of "
                + "fragments, \(summary.steps) steps")
    }
}
