/// What is wrong with a statement, or with the evaluation of one. The fault is the statement's (or its data's);
/// trying the same again gives the same error.
public struct SQLError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The kind of error, for programs. Stable; new ones may come.
    public struct Code: RawRepresentable, Hashable, Sendable {
        public let rawValue: String

        public init(rawValue: String) { self.rawValue = rawValue }

        /// The text is not SQL.
        public static let syntax = Code(rawValue: "syntax")
        /// A literal is malformed or out of its type's range.
        public static let invalidLiteral = Code(rawValue: "invalid_literal")
        public static let unknownTable = Code(rawValue: "unknown_table")
        public static let unknownColumn = Code(rawValue: "unknown_column")
        public static let unknownFunction = Code(rawValue: "unknown_function")
        public static let ambiguousName = Code(rawValue: "ambiguous_name")
        /// Operands or arguments do not fit together.
        public static let typeMismatch = Code(rawValue: "type_mismatch")
        /// An aggregate, or a column outside of `GROUP BY`, where none may stand.
        public static let misplacedAggregate = Code(rawValue: "misplaced_aggregate")
        /// Right SQL in other respects, but it cannot mean anything (an ordinal out of range, say).
        public static let invalidQuery = Code(rawValue: "invalid_query")
        /// Right SQL that Squilla doesn't run.
        public static let unsupported = Code(rawValue: "unsupported")
        /// A limit of `SQLLimits` or of the executor is exceeded.
        public static let limitExceeded = Code(rawValue: "limit_exceeded")
        /// A value could not be computed: a failed cast, an integer divided by zero.
        public static let evaluation = Code(rawValue: "evaluation")
    }

    public var code: Code
    /// One sentence without a position: what is wrong and with what.
    public var message: String
    /// Line in the statement's text, from 1; `nil` where an error has no place (a failed cast of a row's value).
    public var line: Int?
    /// Column in characters, from 1.
    public var column: Int?
    /// What to write instead, where it can be told.
    public var suggestion: String?

    public init(code: Code, message: String, line: Int? = nil, column: Int? = nil, suggestion: String? = nil) {
        self.code = code
        self.message = message
        self.line = line
        self.column = column
        self.suggestion = suggestion
    }

    public init(code: Code, message: String, at position: SourcePosition, suggestion: String? = nil) {
        self.init(code, message, at: position, suggestion: suggestion)
    }

    init(_ code: Code, _ message: String, at position: SourcePosition, suggestion: String? = nil) {
        self.init(
            code: code, message: message, line: Int(position.line), column: Int(position.column),
            suggestion: suggestion)
    }

    /// `line 1, column 8: message (suggestion)`
    public var description: String {
        var text = ""
        if let line, let column { text += "line \(line), column \(column): " }
        text += message
        if let suggestion { text += " (\(suggestion))" }
        return text
    }

    /// The error for people: the message, the line of `source` at fault with a caret under the place, the suggestion.
    public func rendered(_ source: String) -> String {
        guard let line, let column, line > 0, column > 0 else { return description }
        var lines = ["line \(line), column \(column): \(message)"]
        let sourceLines = source.split(separator: "\n", omittingEmptySubsequences: false)
        if line <= sourceLines.count {
            let shown = Self.excerpt(of: sourceLines[line - 1], around: column)
            lines.append("  " + shown.text)
            lines.append("  " + String(repeating: " ", count: shown.caret) + "^")
        }
        if let suggestion { lines.append(suggestion) }
        return lines.joined(separator: "\n")
    }

    /// The part of a line that is shown: at most 120 characters, with the caret's place in them.
    private static func excerpt(of line: Substring, around column: Int) -> (text: String, caret: Int) {
        let scalars = Array(line.unicodeScalars.map { $0.value < 0x20 ? " " : $0 })
        let width = 120
        let start = column - 1 > width - 20 ? min(column - width / 2, max(0, scalars.count - width)) : 0
        let end = min(scalars.count, start + width)
        guard start < end else { return ("", max(0, column - 1 - start)) }
        var text = String(String.UnicodeScalarView(scalars[start..<end]))
        var caret = column - 1 - start
        if start > 0 {
            text = "…" + text
            caret += 1
        }
        if end < scalars.count { text += "…" }
        return (text, max(0, caret))
    }
}
