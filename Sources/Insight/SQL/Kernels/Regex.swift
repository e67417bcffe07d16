import CPCRE2

/// A compiled regular expression (PCRE2 with its JIT, UTF-8). Java's syntax, which Flink's functions take, and
/// PCRE2's agree in what patterns over log text use. Immutable, so one may serve many threads.
final class Regex: @unchecked Sendable {
    /// What a match may cost before it is given up with an error: backtracking steps, and kilobytes.
    static let matchLimit: UInt32 = 1_000_000
    static let heapLimitKilobytes: UInt32 = 16_384
    /// The longest pattern, in bytes.
    static let maximumLength = 8_192

    let code: OpaquePointer
    let isEmpty: Bool

    /// - Throws: what is wrong with the pattern, and where.
    init(_ pattern: [UInt8]) throws(SQLError) {
        guard pattern.count <= Regex.maximumLength else {
            throw SQLError(
                code: .limitExceeded, message: "a regular expression of more than \(Regex.maximumLength) bytes")
        }
        var number: Int32 = 0
        var offset = 0
        let options = UInt32(PCRE2_UTF) | UInt32(PCRE2_MATCH_INVALID_UTF) | UInt32(PCRE2_NEVER_BACKSLASH_C)
        guard let code = pcre2_compile_8(pattern, pattern.count, options, &number, &offset, nil) else {
            var message = [UInt8](repeating: 0, count: 200)
            let length = pcre2_get_error_message_8(number, &message, message.count)
            let reason = String(decoding: message.prefix(max(0, Int(length))), as: UTF8.self)
            let shown = String(decoding: pattern.prefix(100), as: UTF8.self)
            throw SQLError(
                code: .invalidLiteral,
                message: "the regular expression '\(shown)' is wrong at character \(offset + 1): \(reason)")
        }
        // Without the JIT (out of executable memory) it still matches, slower.
        _ = pcre2_jit_compile_8(code, UInt32(PCRE2_JIT_COMPLETE))
        self.code = code
        self.isEmpty = pattern.isEmpty
    }

    deinit { pcre2_code_free_8(code) }
}

/// The state of matching one pattern, or one a row, over the rows of one batch.
struct RegexMatcher: ~Copyable {
    private var regex: Regex?
    private let patterns: Texts
    private var source: [UInt8]?
    private var matchData: OpaquePointer?
    private let limits: OpaquePointer?
    /// How many groups the last match set.
    private var groupCount = 0

    init(_ prepared: Prepared, _ patterns: Texts) {
        self.patterns = patterns
        self.limits = pcre2_match_context_create_8(nil)
        pcre2_set_match_limit_8(limits, Regex.matchLimit)
        pcre2_set_heap_limit_8(limits, Regex.heapLimitKilobytes)
        if case .regex(let regex) = prepared { use(regex) }
    }

    deinit {
        pcre2_match_data_free_8(matchData)
        pcre2_match_context_free_8(limits)
    }

    private mutating func use(_ regex: Regex) {
        pcre2_match_data_free_8(matchData)
        self.regex = regex
        self.matchData = pcre2_match_data_create_from_pattern_8(regex.code, nil)
    }

    /// Looks for the first match in `bytes[range]` at or after byte `from`. An empty pattern matches nothing (Flink).
    mutating func find(_ bytes: [UInt8], _ range: Range<Int>, _ row: Int, from: Int? = nil) throws(SQLError) -> Bool {
        if regex == nil || source != nil { try usePattern(row) }
        guard let regex, !regex.isEmpty else { return false }
        let code = bytes.withUnsafeBufferPointer { buffer in
            // An empty text needs an address all the same.
            guard let base = buffer.baseAddress else {
                return pcre2_match_8(regex.code, [0], 0, 0, 0, matchData, limits)
            }
            return pcre2_match_8(
                regex.code, base + range.lowerBound, range.count, (from ?? range.lowerBound) - range.lowerBound, 0,
                matchData, limits)
        }
        if code == PCRE2_ERROR_NOMATCH { return false }
        guard code > 0 else { throw failure(code) }
        groupCount = Int(code)
        base = range.lowerBound
        return true
    }

    /// Where the text of the last match begins in its bytes.
    private var base = 0

    private mutating func usePattern(_ row: Int) throws(SQLError) {
        let pattern = patterns.array(row)
        if pattern == source { return }
        use(try Regex(pattern))
        source = pattern
    }

    /// The bytes of a group of the last match; nil where it took no part or doesn't exist.
    func group(_ number: Int64) -> Range<Int>? {
        guard number >= 0, number < Int64(groupCount), let pairs = pcre2_get_ovector_pointer_8(matchData) else {
            return nil
        }
        let start = pairs[Int(number) * 2]
        let end = pairs[Int(number) * 2 + 1]
        // PCRE2_UNSET is all ones; `\K` in a look-ahead may put the start past the end.
        guard start != Int(bitPattern: UInt.max), start >= 0, end >= start else { return nil }
        return (base + start)..<(base + end)
    }

    /// `$1` and `$0` are groups; a backslash takes the next character as it is, as Java has it.
    func appendReplacement(_ replacement: Span<UInt8>, _ bytes: [UInt8], to output: inout [UInt8]) {
        var index = 0
        while index < replacement.count {
            let byte = replacement[index]
            index += 1
            if byte == UInt8(ascii: "\\"), index < replacement.count {
                output.append(replacement[index])
                index += 1
            } else if byte == UInt8(ascii: "$"), index < replacement.count, replacement[index] &- 48 < 10 {
                if let range = group(Int64(replacement[index] - 48)) { output.append(contentsOf: bytes[range]) }
                index += 1
            } else {
                output.append(byte)
            }
        }
    }

    private func failure(_ code: Int32) -> SQLError {
        switch code {
        case PCRE2_ERROR_MATCHLIMIT, PCRE2_ERROR_HEAPLIMIT, PCRE2_ERROR_JIT_STACKLIMIT, PCRE2_ERROR_DEPTHLIMIT:
            SQLError(
                code: .limitExceeded, message: "a regular expression takes too long on one of the texts",
                suggestion: "avoid nested repetition such as (a+)+")
        default: SQLError.evaluation("a regular expression failed with PCRE2 error \(code)")
        }
    }
}
