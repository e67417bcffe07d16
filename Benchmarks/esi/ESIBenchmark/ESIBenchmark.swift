import Bytes
import CAllocationCount
import ESI
import Glibc
import HTTPWire

/// How fast pages are parsed, and what evaluating a compiled one takes.
///
///     SQUILLA_BENCHMARKS=1 swift run -c release ESIBenchmark [MEGABYTES]
@main
struct ESIBenchmark {
    static func main() {
        let megabytes = CommandLine.arguments.count > 1 ? Int(CommandLine.arguments[1]) ?? 64 : 64
        let bytes = megabytes << 20
        let markup = "<li class=\"item\"><a href=\"/shop/desire?id=12\">Besides, a <b>basic</b> thing</a> 12 $</li>\n"
        parse("text", repeated("Nothing is marked up in this line, which goes on and on. \n", bytes))
        parse("markup without a tag of ESI", repeated(markup, bytes))
        parse("the same inside vars", Array("<esi:vars>".utf8) + repeated(markup, bytes) + Array("</esi:vars>".utf8))
        parse("the same inside <!--esi", Array("<!--esi".utf8) + repeated(markup, bytes) + Array("-->".utf8))
        parse("an include in each KiB", repeated(filler(markup) + "<esi:include src=\"/part\"/>", bytes))
        parse("an expression in each 100 bytes", repeated(markup + "<esi:vars>$(HTTP_HOST)</esi:vars>", bytes / 16))
        for depth in [10, 200] { evaluate("\(depth) conditions within each other", nested(depth)) }
        for count in [10, 200] { evaluate("\(count) conditions in turn", inTurn(count)) }
    }

    // MARK: Parsing

    private static func parse(_ name: String, _ page: [UInt8]) {
        let settings = ESISettings()
        var best = Int64.max
        for _ in 0..<3 {
            let start = clock()
            var parser = ESIParser(settings: settings)
            var programs = 0
            var position = 0
            while position < page.count {
                let end = min(page.count, position + 64 << 10)
                programs += parser.feed(page.span.extracting(position..<end)).count
                position = end
            }
            programs += parser.finish().count
            best = min(best, clock() - start)
            guard programs > 0 else { return print("\(name): nothing came out") }
        }
        let rate = Double(page.count) / Double(best)
        print("parse \(name): \((rate * 100).rounded() / 100) GB/s")
    }

    private static func repeated(_ text: String, _ bytes: Int) -> [UInt8] {
        let text = Array(text.utf8)
        var out: [UInt8] = []
        out.reserveCapacity(bytes + text.count)
        while out.count < bytes { out.append(contentsOf: text) }
        return out
    }

    private static func filler(_ markup: String) -> String {
        String(repeating: markup, count: 1024 / markup.utf8.count)
    }

    // MARK: Evaluating

    private static let test = "$(HTTP_COOKIE{user}) == 'ada' &amp;&amp; $(QUERY_STRING{q}) has 'shoe'"

    private static func nested(_ depth: Int) -> String {
        String(repeating: "<esi:choose><esi:when test=\"\(test)\">", count: depth) + "x"
            + String(repeating: "</esi:when></esi:choose>", count: depth)
    }

    private static func inTurn(_ count: Int) -> String {
        String(repeating: "<esi:choose><esi:when test=\"\(test)\">x</esi:when></esi:choose>", count: count)
    }

    private static func evaluate(_ name: String, _ markup: String) {
        let settings = ESISettings()
        let page = ESIPage(Array(markup.utf8).span, settings: settings)
        var block = HeaderBlock()
        block.append("Cookie", "lang=en; user=ada; theme=dark")
        let request = ESIRequest(
            block: block, method: Array("GET".utf8), isHTTPS: false, host: Array("h".utf8), path: Array("/p".utf8),
            query: Array("q=shoes".utf8), clientAddress: Array("192.0.2.1".utf8), now: 0, seed: 7)
        let rounds = 2_000
        let before = squilla_allocation_count()
        let start = clock()
        var bytes = 0
        for _ in 0..<rounds {
            var assembly = ESIAssembly(request, settings: settings)
            for program in page.programs { bytes += count(assembly.on(.page(program))) }
            bytes += count(assembly.on(.pageEnded))
        }
        let nanoseconds = (clock() - start) / Int64(rounds)
        let allocations = (squilla_allocation_count() - before) / Int64(rounds)
        print("evaluate \(name): \(nanoseconds) ns, \(allocations) allocations, \(bytes / rounds) bytes")
    }

    private static func count(_ actions: [ESIAction]) -> Int {
        actions.reduce(0) { sum, action in
            if case .output(let bytes) = action { sum + bytes.count } else { sum }
        }
    }

    private static func clock() -> Int64 {
        var time = timespec()
        clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
        return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
    }
}
