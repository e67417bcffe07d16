import HTTPCache
import HTTPWire
import Synchronization
import Testing

/// A cache with a clock that stands still until it is moved, and requests and responses written as text.
final class Scene {
    let cache: ResponseCache
    /// Seconds.
    var now: Int64 = 1_700_000_000
    let outcomes = Recorder()

    init(disk: DiskTier? = nil, _ change: (inout CacheSettings) -> Void = { _ in }) {
        var settings = CacheSettings()
        change(&settings)
        cache = ResponseCache(settings: settings, disk: disk)
    }

    static func request(_ path: String, method: String = "GET", _ fields: String = "") -> RequestHead {
        var parser = RequestParser()
        var head = RequestHead()
        let lines = fields.split(separator: "|").map { $0 + "\r\n" }.joined()
        let text = Array("\(method) \(path) HTTP/1.1\r\nHost: Example.com\r\n\(lines)\r\n".utf8)
        let step = try? parser.parse(text.span, into: &head)
        precondition(step?.isComplete == true, "bad request in a test")
        return head
    }

    func response(_ status: Int, _ fields: String) -> ResponseHead {
        var parser = ResponseParser()
        var head = ResponseHead()
        var lines = fields.split(separator: "|").map { $0 + "\r\n" }.joined()
        if !lines.contains("Date:") { lines += "Date: \(date(0))\r\n" }
        if lines.contains("Date: none") { lines = lines.replacing("Date: none\r\n", with: "") }
        let text = Array("HTTP/1.1 \(status) \r\n\(lines)\r\n".utf8)
        let step = try? parser.parse(text.span, requestMethod: .get, into: &head)
        precondition(step?.isComplete == true, "bad response in a test")
        return head
    }

    /// The date some seconds from now.
    func date(_ offset: Int64) -> String {
        var out: [UInt8] = []
        HTTPDate.append(now + offset, to: &out)
        return String(decoding: out, as: UTF8.self)
    }

    func lookup(_ request: RequestHead) -> CacheDecision {
        var key = CacheKey(request, isHTTPS: false)
        cache.unify(&key)
        return cache.lookup(key: key, request: request, now: now) {
            { [self] outcome in self.outcomes.append(outcome) }
        }
    }

    func lookup(_ path: String = "/", _ fields: String = "") -> CacheDecision {
        lookup(Scene.request(path, fields))
    }

    /// Looks up, and answers a fetch with this response. Returns what the cache made of it.
    @discardableResult
    func fetch(
        _ response: String, path: String = "/", request fields: String = "", status: Int = 200, body: String = "hello"
    ) -> CacheFetch.Outcome? {
        let request = Scene.request(path, fields)
        guard case .fetch(let fetch) = lookup(request) else { return nil }
        return answer(fetch, request, status, response, body: body)
    }

    @discardableResult
    func answer(
        _ fetch: CacheFetch, _ request: RequestHead, _ status: Int, _ fields: String, body: String = "hello"
    ) -> CacheFetch.Outcome {
        let response = response(status, fields)
        let outcome = fetch.received(response, request: request, requestTime: now, now: now)
        if case .store(let fill, _) = outcome {
            if response.framing != .none { _ = fill.append(Array(body.utf8), now: now, onDrained: {}) }
            fill.finish()
        }
        return outcome
    }
}

extension Scene: @unchecked Sendable {}

extension CacheDecision {
    var hit: CacheHit? {
        if case .serve(let hit) = self { return hit }
        return nil
    }
    var fetch: CacheFetch? {
        if case .fetch(let fetch) = self { return fetch }
        return nil
    }
    var isWait: Bool {
        if case .wait = self { return true }
        return false
    }
    var passReason: CacheStatus.Forward? {
        if case .pass(let reason) = self { return reason }
        return nil
    }
    var isRefusal: Bool {
        if case .refuse = self { return true }
        return false
    }
}

extension CacheFetch.Outcome {
    var refusal: String? {
        if case .relay(let reason) = self { return "\(reason)" }
        return nil
    }
    var hit: CacheHit? {
        switch self {
        case .serve(let hit), .store(_, let hit): hit
        default: nil
        }
    }
    var fill: CacheFill? {
        if case .store(let fill, _) = self { return fill }
        return nil
    }
}

/// The answer as a client would see it.
struct Answer {
    var status: Int
    var head: HeaderBlock
    var body: String

    init(_ hit: CacheHit, _ request: RequestHead, now: Int64, settings: CacheSettings = CacheSettings()) {
        var writer = HeadWriter()
        let (status, served) = hit.writeHead(
            to: &writer, hit.plan(for: request, now: now, settings: settings), isHead: request.method == .head,
            signature: settings.signature, boundary: 7)
        self.status = status
        let start = (writer.bytes.firstIndex(of: 0x0A) ?? 0) + 1
        let lines = Array(writer.bytes[start...])
        self.head = HeaderBlock(fieldLines: lines.span)
        var out: [UInt8] = []
        switch served {
        case .none: break
        case .whole, .stream: out = Answer.read(hit.object, nil)
        case .range(let range): out = Answer.read(hit.object, range)
        case .ranges(let multipart):
            for (part, partHead) in zip(multipart.parts, multipart.partHeads) {
                out += partHead + Answer.read(hit.object, part)
            }
            out += multipart.end
        }
        self.body = String(decoding: out, as: UTF8.self)
    }

    static func read(_ object: CachedObject, _ range: Range<UInt64>?) -> [UInt8] {
        guard let reader = BodyReader(object, range: range) else { return [] }
        var out: [UInt8] = []
        while case .data(let bytes, let range) = reader.next(wakeup: nil) { out += bytes[range] }
        return out
    }

    subscript(_ name: String) -> String? { head.string(named: name) }
}

/// Outcomes in the order of their coming, from any thread.
final class Recorder: Sendable {
    private let list = Mutex<[CollapseOutcome]>([])
    var all: [CollapseOutcome] { list.withLock { $0 } }
    func append(_ outcome: CollapseOutcome) { list.withLock { $0.append(outcome) } }
}

/// Counts calls from any thread.
final class Count: Sendable {
    private let number = Mutex(0)
    var value: Int { number.withLock { $0 } }
    func add() { number.withLock { $0 += 1 } }
}
