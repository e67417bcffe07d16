import Bytes
import CAllocationCount
import HTTPWire
import Testing

@testable import ESI

/// What evaluating a compiled page allocates. Counted on this thread alone, so other tests do not disturb it.
@Suite struct AllocationTests {
    private static let request: ESIRequest = {
        var block = HeaderBlock()
        block.append("Cookie", "lang=en; user=ada; theme=dark")
        block.append("X-Group", "b")
        return ESIRequest(
            block: block, method: Array("GET".utf8), isHTTPS: false, host: Array("h".utf8), path: Array("/p".utf8),
            query: Array("q=shoes&n=7".utf8), clientAddress: Array("192.0.2.1".utf8), now: 0, seed: 7)
    }()

    /// Allocations and bytes of one evaluation of a page that is compiled already.
    private func evaluate(
        _ markup: String, _ request: ESIRequest = AllocationTests.request
    ) -> (allocations: Int64, body: String) {
        let settings = ESISettings()
        let page = ESIPage(Array(markup.utf8).span, settings: settings)
        var body: [UInt8] = []
        body.reserveCapacity(1 << 16)
        var fewest = Int64.max
        for _ in 0..<3 {
            body.removeAll(keepingCapacity: true)
            let before = squilla_allocation_count()
            var assembly = ESIAssembly(request, settings: settings)
            for program in page.programs { take(assembly.on(.page(program)), &body) }
            take(assembly.on(.pageEnded), &body)
            fewest = min(fewest, squilla_allocation_count() - before)
        }
        return (fewest, String(decoding: body, as: UTF8.self))
    }

    private func take(_ actions: [ESIAction], _ body: inout [UInt8]) {
        for action in actions { if case .output(let bytes) = action { body.append(contentsOf: bytes) } }
    }

    private static let isCounting: Bool = {
        let before = squilla_allocation_count()
        let array = [Int](unsafeUninitializedCapacity: 100) { $1 = $0.count }
        return array.count == 100 && squilla_allocation_count() > before
    }()

    static let tests = [
        "$(HTTP_COOKIE{user}) == 'ada'", "$(QUERY_STRING{q}) has 'shoe'", "$(HTTP_X_GROUP) != 'a'",
        "$(QUERY_STRING{n}) &gt; 5 &amp; 2 * 3 == 6", "!$(none) | 1 == 2", "$(none|'x') == 'x'",
        "$len('abc') == 3", "$(HTTP_COOKIE{user}) matches '^[a-z]+$'", "$exists($(HTTP_HOST))",
        "$(HTTP_COOKIE{user}) matches_i 'A(.)A' &amp;&amp; $(MATCHES{1}) == 'd'",
    ]

    /// Unoptimized accessors take their frames from the heap: so many for each condition, and for a look at the request.
    private static let accessorFrames: (condition: Int64, lookUp: Int64) = {
        var isDebug = false
        assert(
            {
                isDebug = true; return true
            }())
        return isDebug ? (4, 2) : (0, 0)
    }()

    /// A list that is copied for each further member takes a client's query squared, in time and in memory.
    @Test(.enabled(if: isCounting)) func aNameThatComesOftenIsOneList() {
        func allocations(_ name: String, _ other: String) -> Int64 {
            let query = "a=2&a=3&b=1" + String(repeating: "&\(name)=1&\(other)=1", count: 2000)
            let request = ESIRequest(
                block: HeaderBlock(), method: Array("GET".utf8), isHTTPS: false, host: Array("h".utf8),
                path: Array("/p".utf8), query: Array(query.utf8), clientAddress: Array("192.0.2.1".utf8), now: 0,
                seed: 7)
            let page = evaluate("<esi:vars>$len($(QUERY_STRING{a}))</esi:vars>", request)
            #expect(page.body == (other == "a" ? "4002" : "2002"))
            return page.allocations
        }
        // Half of what comes is one name in both; the other half adds to its list, or to another.
        #expect(abs(allocations("a", "a") - allocations("a", "b")) < 1_000)
    }

    private func perCondition(_ page: (Int) -> String) -> Int64 {
        let few = evaluate(page(10))
        let many = evaluate(page(200))
        #expect(few.body == "x" && many.body == "x")
        // The stack of frames grows by doubling.
        return (many.allocations - few.allocations - 6) / 190
    }

    @Test(.enabled(if: isCounting), arguments: tests)
    func conditionsAllocateNothing(test: String) {
        let nested = perCondition { depth in
            String(repeating: "<esi:choose><esi:when test=\"\(test)\">", count: depth) + "x"
                + String(repeating: "</esi:when></esi:choose>", count: depth)
        }
        let inTurn = perCondition { count in
            "<esi:vars>" + String(repeating: "<esi:choose><esi:when test=\"\(test)\"/></esi:choose>", count: count)
                + "x</esi:vars>"
        }
        let bound = AllocationTests.accessorFrames.condition + AllocationTests.accessorFrames.lookUp
        #expect(nested <= bound)
        #expect(inTurn <= bound)
    }

    @Test(.enabled(if: isCounting)) func whatAllocatesIsCounted() {
        func page(_ count: Int) -> String {
            String(repeating: "<esi:choose><esi:when test=\"$lower('ABC') == 'x'\"/></esi:choose>", count: count)
        }
        let more = evaluate(page(200)).allocations - evaluate(page(10)).allocations
        #expect(more >= 190 * (AllocationTests.accessorFrames.condition + 1))
    }
}
