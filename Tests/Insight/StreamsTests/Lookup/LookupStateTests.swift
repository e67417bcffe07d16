import Columns
import Runtime
import SQL
import Testing

@testable import Streams

/// The machine in a box, so that expectations can drive it.
private final class Requests {
    private var machine: LookupRequests

    init(_ options: LookupOptions, maximumInFlight: Int) {
        machine = LookupRequests(options, maximumInFlight: maximumInFlight)
    }

    var hits: Int { machine.hits }
    var misses: Int { machine.misses }
    var cachedKeys: Int { machine.cachedKeys }
    var isIdle: Bool { machine.isIdle }

    @discardableResult
    func want(_ address: String, at now: Int64) -> LookupAnswer { machine.want(address, key: { [] }, now: now) }
    @discardableResult
    func next(at now: Int64) -> String? { machine.next(now: now) }
    func answered(_ address: String, _ rows: Batch?, now: Int64) { machine.answered(address, rows, now: now) }
    func failed(_ address: String, wished: Int64? = nil, at now: Int64) -> Bool {
        machine.failed(address, wished: wished, now: now)
    }
}

@Suite struct LookupRequestsTests {
    private static func options(_ change: (inout LookupOptions) -> Void = { _ in }) -> LookupOptions {
        var options = LookupOptions()
        options.cache = .partial
        change(&options)
        return options
    }

    private static let row = Rows.batch([("a", .int64)], [[1]])

    @Test func aKeyIsAskedForOnceAndRemembered() {
        let requests = Requests(Self.options { $0.expireAfterWrite = 1_000 }, maximumInFlight: 2)
        let first = requests.want("a", at: 0)
        #expect(requests.want("a", at: 0) === first, "while it is under way")
        #expect(requests.next(at: 0) == "a" && requests.next(at: 0) == nil)
        requests.answered("a", Self.row, now: 10)
        #expect(first.rows?.rowCount == 1 && requests.isIdle)
        #expect(requests.want("a", at: 1_009) === first)
        #expect(requests.want("a", at: 1_010) !== first, "it is too old")
        #expect(requests.hits == 1 && requests.misses == 2)
    }

    @Test func asManyAsAllowedAreUnderWay() {
        let requests = Requests(Self.options(), maximumInFlight: 2)
        for name in ["a", "b", "c", "d"] { requests.want(name, at: 0) }
        #expect(requests.next(at: 0) == "a" && requests.next(at: 0) == "b" && requests.next(at: 0) == nil)
        requests.answered("b", nil, now: 0)
        #expect(requests.next(at: 0) == "c" && requests.next(at: 0) == nil)
    }

    @Test func whatFailsIsTriedAgainAfterAPause() {
        let requests = Requests(Self.options { $0.maximumRetries = 2 }, maximumInFlight: 1)
        let answer = requests.want("a", at: 0)
        #expect(requests.next(at: 0) == "a")
        #expect(requests.failed("a", at: 0))
        #expect(requests.next(at: 10_000) == nil, "not at once")
        #expect(requests.next(at: 100_000) == "a")
        #expect(requests.failed("a", wished: 5_000_000, at: 100_000))
        #expect(requests.next(at: 5_000_000) == nil, "the other side wants a longer one")
        #expect(requests.next(at: 5_100_000) == "a")
        #expect(!requests.failed("a", at: 5_100_000), "often enough")
        #expect(!answer.isReady)
    }

    @Test func theCacheHasLimits() {
        let requests = Requests(Self.options { $0.maximumRows = 8 }, maximumInFlight: 100)
        for key in 0..<20 {
            let address = "\(key)"
            requests.want(address, at: Int64(key))
            requests.next(at: 0)
            requests.answered(address, Self.row, now: Int64(key))
            requests.want("0", at: Int64(key))
            #expect(requests.cachedKeys <= 8)
        }
        let hits = requests.hits
        requests.want("0", at: 20)
        #expect(requests.hits == hits + 1, "what is used stays")
        requests.want("5", at: 20)
        #expect(requests.hits == hits + 1)
    }

    @Test func missingKeysAreRememberedUnlessTheyAreNotTo() {
        for cachesMissing in [true, false] {
            let requests = Requests(Self.options { $0.cachesMissing = cachesMissing }, maximumInFlight: 1)
            requests.want("a", at: 0)
            requests.next(at: 0)
            requests.answered("a", nil, now: 0)
            #expect(requests.want("a", at: 1).isReady == cachesMissing)
        }
        let none = Requests(LookupOptions(), maximumInFlight: 1)
        none.want("a", at: 0)
        none.next(at: 0)
        none.answered("a", Self.row, now: 0)
        #expect(!none.want("a", at: 0).isReady, "no cache")
    }

    @Test func whatIsNotUsedExpires() {
        let requests = Requests(Self.options { $0.expireAfterAccess = 100 }, maximumInFlight: 1)
        requests.want("a", at: 0)
        requests.next(at: 0)
        requests.answered("a", Self.row, now: 0)
        #expect(requests.want("a", at: 99).isReady)
        #expect(requests.want("a", at: 198).isReady)
        #expect(!requests.want("a", at: 298).isReady)
    }

    @Test func valuesCantReachBeyondTheirPlace() {
        let template = URLTemplate("http://h/{a}/x?b={b}&c={c}&a={a}", names: ["a", "b"])
        #expect(template.names == ["a", "b"])
        let batch = Rows.batch([("a", .string), ("b", .int64)], [["../ä?&#%", -5]])
        let filled = template.filled(batch.columns, row: 0)
        #expect(
            filled
                == "http://h/%2E%2E%2F%C3%A4%3F%26%23%25/x?b=-5&c={c}&a=%2E%2E%2F%C3%A4%3F%26%23%25")
    }

    @Test func documentsBecomeLines() {
        func lines(_ text: String) -> String? {
            JSONDocuments.lines(of: Array(text.utf8)).map { String(decoding: $0, as: UTF8.self) }
        }
        #expect(lines(" {\"a\" :\n1}\n") == "{\"a\" : 1}\n")
        #expect(lines("[{\"a\":[1,2]}, {\"b\":\"}\\\"\\n[\"}]") == "{\"a\":[1,2]}\n{\"b\":\"}\\\"\\n[\"}\n")
        #expect(lines("{\"a\":1}\n{\"a\":2}") == "{\"a\":1}\n{\"a\":2}\n")
        #expect(lines("[]") == "" && lines("") == "")
        for text in ["1", "[1]", "{", "[", "[{}", "{\"a\":\"", "}", "]", "null", "<html>", "{}x", "[[{}]]"] {
            #expect(lines(text) == nil, "\(text)")
        }
    }
}

@Suite struct LookupTableTests {
    @Test func theLatestRowOfAKeyCounts() {
        let batch = Rows.batch(
            [("k", .string), ("v", .int64)], [["a", 1], ["b", 2], ["a", 3], ["c", 4], ["b", nil]])
        var table = LookupTable(schema: batch.schema, keyTypes: [.string], identityTypes: [.string])
        table.put(
            batch, keys: [batch.columns[0]], identity: [batch.columns[0]], deletes: [false, false, false, false, true])
        for (key, expected) in [("a", ["a|3"]), ("b", []), ("c", ["c|4"]), ("d", [])] {
            let column = Rows.batch([("k", .string)], [[key]]).columns[0]
            let number = table.numbers(of: [column], rowCount: 1)[0]
            var places: [Int] = []
            table.rows.forEach(key: number) { places.append($0) }
            let found = Rows.text([table.rows.gather(places)])
            #expect(found == expected)
        }
        let (count, rows) = (table.rowCount, Rows.text(table.remaining()))
        #expect(count == 2 && rows == ["a|3", "c|4"])
    }
}
