import CPCRE2

/// The memory of matching, reused from match to match, and the last match's groups.
public struct PatternMatcher: ~Copyable {
    /// Backtracking steps before a match is given up.
    public static let defaultMatchLimit: UInt32 = 1_000_000
    private static let heapLimitKilobytes: UInt32 = 16_384

    private let limits: OpaquePointer?
    private var matchData: OpaquePointer?
    private var pairs = 0
    /// How many groups the last match set, the whole match included.
    public private(set) var groupCount = 0
    /// Where the text of the last match begins in its bytes.
    private var base = 0

    /// - Parameter matchLimit: backtracking steps that one match may take.
    public init(matchLimit: UInt32 = PatternMatcher.defaultMatchLimit) {
        limits = pcre2_match_context_create_8(nil)
        pcre2_set_match_limit_8(limits, matchLimit)
        pcre2_set_heap_limit_8(limits, PatternMatcher.heapLimitKilobytes)
    }

    deinit {
        pcre2_match_data_free_8(matchData)
        pcre2_match_context_free_8(limits)
    }

    /// Looks for the first match in `bytes[range]` at or after byte `from`.
    /// - Throws: `PatternError` of kind `tooCostly` or `failed`.
    public mutating func find(
        _ pattern: Pattern, in bytes: [UInt8], _ range: Range<Int>, from: Int? = nil
    ) throws(PatternError) -> Bool {
        makeRoom(for: pattern)
        let text = bytes.span.extracting(range)
        let isFound = try match(pattern, text, from: (from ?? range.lowerBound) - range.lowerBound)
        base = range.lowerBound
        return isFound
    }

    /// Looks for the first match in a text; groups count from its start.
    /// - Throws: `PatternError` of kind `tooCostly` or `failed`.
    public mutating func find(_ pattern: Pattern, in text: Span<UInt8>) throws(PatternError) -> Bool {
        makeRoom(for: pattern)
        base = 0
        return try match(pattern, text, from: 0)
    }

    private mutating func makeRoom(for pattern: Pattern) {
        guard pairs <= pattern.groupCount else { return }
        pcre2_match_data_free_8(matchData)
        matchData = pcre2_match_data_create_from_pattern_8(pattern.code, nil)
        pairs = pattern.groupCount + 1
    }

    private mutating func match(_ pattern: Pattern, _ text: Span<UInt8>, from: Int) throws(PatternError) -> Bool {
        groupCount = 0
        let code = text.withUnsafeBufferPointer { buffer in
            // An empty text needs an address all the same.
            guard let base = buffer.baseAddress else {
                return pcre2_match_8(pattern.code, [0], 0, 0, 0, matchData, limits)
            }
            return pcre2_match_8(pattern.code, base, buffer.count, from, 0, matchData, limits)
        }
        if code == PCRE2_ERROR_NOMATCH { return false }
        guard code > 0 else { throw failure(code) }
        groupCount = Int(code)
        return true
    }

    /// The bytes of a group of the last match, 0 for the whole; nil where it took no part or doesn't exist.
    public func group(_ number: Int) -> Range<Int>? {
        guard number >= 0, number < groupCount, let pairs = pcre2_get_ovector_pointer_8(matchData) else { return nil }
        let start = pairs[number * 2]
        let end = pairs[number * 2 + 1]
        // PCRE2_UNSET is all ones; `\K` in a look-ahead may put the start past the end.
        guard start != Int(bitPattern: UInt.max), start >= 0, end >= start else { return nil }
        return (base + start)..<(base + end)
    }

    private func failure(_ code: Int32) -> PatternError {
        switch code {
        case PCRE2_ERROR_MATCHLIMIT, PCRE2_ERROR_HEAPLIMIT, PCRE2_ERROR_JIT_STACKLIMIT, PCRE2_ERROR_DEPTHLIMIT:
            PatternError(.tooCostly, "a regular expression takes too long on one of the texts")
        default: PatternError(.failed, "a regular expression failed with PCRE2 error \(code)")
        }
    }
}
