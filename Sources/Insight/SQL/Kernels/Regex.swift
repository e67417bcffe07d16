import Bytes
import Patterns

/// A compiled regular expression. Java's syntax, which Flink's functions take, and PCRE2's agree in what patterns over
/// log text use.
final class Regex: Sendable {
    let pattern: Pattern

    /// - Throws: what is wrong with the pattern, and where.
    init(_ pattern: [UInt8]) throws(SQLError) {
        do throws(PatternError) {
            self.pattern = try Pattern(pattern)
        } catch {
            guard error.kind == .malformed else {
                throw SQLError(code: .limitExceeded, message: error.message)
            }
            let shown = String(decoding: pattern.prefix(100), as: UTF8.self)
            throw SQLError(
                code: .invalidLiteral,
                message: "the regular expression '\(shown)' is wrong at character \(error.offset + 1): \(error.message)"
            )
        }
    }
}

/// The state of matching one pattern, or one a row, over the rows of one batch.
struct RegexMatcher: ~Copyable {
    private var regex: Regex?
    private let patterns: Texts
    private var source: [UInt8]?
    private var matcher = PatternMatcher()

    init(_ prepared: Prepared, _ patterns: Texts) {
        self.patterns = patterns
        if case .regex(let regex) = prepared { self.regex = regex }
    }

    /// Looks for the first match in `bytes[range]` at or after byte `from`. An empty pattern matches nothing (Flink).
    mutating func find(_ bytes: [UInt8], _ range: Range<Int>, _ row: Int, from: Int? = nil) throws(SQLError) -> Bool {
        if regex == nil || source != nil { try usePattern(row) }
        guard let regex, !regex.pattern.isEmpty else { return false }
        do throws(PatternError) {
            return try matcher.find(regex.pattern, in: bytes, range, from: from)
        } catch {
            throw failure(error)
        }
    }

    private mutating func usePattern(_ row: Int) throws(SQLError) {
        let pattern = patterns.array(row)
        if pattern == source { return }
        regex = try Regex(pattern)
        source = pattern
    }

    /// The bytes of a group of the last match; nil where it took no part or doesn't exist.
    func group(_ number: Int64) -> Range<Int>? {
        guard let number = Int(exactly: number) else { return nil }
        return matcher.group(number)
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

    private func failure(_ error: PatternError) -> SQLError {
        guard error.kind == .tooCostly else { return SQLError.evaluation(error.message) }
        return SQLError(
            code: .limitExceeded, message: error.message, suggestion: "avoid nested repetition such as (a+)+")
    }
}
