import CPCRE2

/// A compiled regular expression (PCRE2 with its JIT, UTF-8; bytes that are not UTF-8 match nothing). Immutable, so
/// one may serve many threads.
public final class Pattern: @unchecked Sendable {
    /// The longest pattern, in bytes.
    public static let maximumLength = 8_192

    let code: OpaquePointer
    /// The pattern has no bytes.
    public let isEmpty: Bool
    /// Groups in parentheses.
    public let groupCount: Int

    /// - Parameter ignoresCase: letters match in either case, by Unicode's simple folding.
    /// - Throws: `PatternError` of kind `tooLong` or `malformed`.
    public init(_ pattern: [UInt8], ignoresCase: Bool = false) throws(PatternError) {
        guard pattern.count <= Pattern.maximumLength else {
            throw PatternError(.tooLong, "a regular expression of more than \(Pattern.maximumLength) bytes")
        }
        var number: Int32 = 0
        var offset = 0
        var options = UInt32(PCRE2_UTF) | UInt32(PCRE2_MATCH_INVALID_UTF) | UInt32(PCRE2_NEVER_BACKSLASH_C)
        if ignoresCase { options |= UInt32(PCRE2_CASELESS) }
        guard let code = pcre2_compile_8(pattern, pattern.count, options, &number, &offset, nil) else {
            var message = [UInt8](repeating: 0, count: 200)
            let length = pcre2_get_error_message_8(number, &message, message.count)
            let reason = String(decoding: message.prefix(max(0, Int(length))), as: UTF8.self)
            throw PatternError(.malformed, reason, offset: offset)
        }
        // Without the JIT (out of executable memory) it still matches, slower.
        _ = pcre2_jit_compile_8(code, UInt32(PCRE2_JIT_COMPLETE))
        var groups: UInt32 = 0
        _ = pcre2_pattern_info_8(code, UInt32(PCRE2_INFO_CAPTURECOUNT), &groups)
        self.code = code
        isEmpty = pattern.isEmpty
        groupCount = Int(groups)
    }

    deinit { pcre2_code_free_8(code) }
}
