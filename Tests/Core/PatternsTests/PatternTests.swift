import Patterns
import Testing

@Suite struct PatternTests {
    private func groups(_ pattern: String, _ text: String, ignoresCase: Bool = false) throws -> [String?]? {
        let compiled = try Pattern(Array(pattern.utf8), ignoresCase: ignoresCase)
        var matcher = PatternMatcher()
        let bytes = Array(text.utf8)
        guard try matcher.find(compiled, in: bytes, 0..<bytes.count) else { return nil }
        return (0..<matcher.groupCount).map { number in
            matcher.group(number).map { String(decoding: bytes[$0], as: UTF8.self) }
        }
    }

    @Test func groupsAreRangesOfTheText() throws {
        #expect(try groups("(a+)(b)?(c)", "xaac") == ["aac", "aa", nil, "c"])
        #expect(try groups("", "") == [""])
        #expect(try groups("z", "abc") == nil)
    }

    @Test func caseIsIgnoredWhereAsked() throws {
        #expect(try groups("É", "é", ignoresCase: true) == ["é"])
        #expect(try groups("É", "é") == nil)
    }

    @Test func malformedPatternsSayWhere() {
        #expect(throws: PatternError.self) { try Pattern(Array("(a".utf8)) }
        do {
            _ = try Pattern(Array("a(b".utf8))
        } catch {
            #expect(error.kind == .malformed)
            #expect(error.offset == 3)
        }
    }

    @Test func costIsBounded() throws {
        let pattern = try Pattern(Array("(a+)+$".utf8))
        var matcher = PatternMatcher(matchLimit: 1_000)
        let bytes = Array((String(repeating: "a", count: 40) + "b").utf8)
        #expect(throws: PatternError.self) { try matcher.find(pattern, in: bytes, 0..<bytes.count) }
    }

    @Test func oneMatcherServesPatternsOfAnySize() throws {
        var matcher = PatternMatcher()
        let bytes = Array("abcdef".utf8)
        let small = try Pattern(Array("b".utf8))
        let large = try Pattern(Array("(a)(b)(c)(d)(e)(f)".utf8))
        let foundSmall = try matcher.find(small, in: bytes, 0..<6)
        #expect(foundSmall && matcher.groupCount == 1)
        let foundLarge = try matcher.find(large, in: bytes, 0..<6)
        #expect(foundLarge && matcher.groupCount == 7)
        let again = try matcher.find(small, in: bytes, 2..<6)
        #expect(!again)
    }
}
