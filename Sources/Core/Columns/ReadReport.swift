/// What a reader of lines met: how much it took, and what it could not take.
public struct ReadReport: Sendable {
    /// A line that was skipped.
    public struct Problem: Sendable, CustomStringConvertible {
        /// The first line is 1.
        public var line: Int
        /// Bytes from the beginning of the input to the beginning of the line.
        public var offset: Int
        public var reason: String

        public var description: String { "line \(line): \(reason)" }
    }

    /// Lines seen, empty ones too.
    public internal(set) var lines = 0
    /// Bytes of the lines seen.
    public internal(set) var bytes = 0
    public internal(set) var rows = 0
    /// Lines skipped because they are not of the format.
    public internal(set) var malformedLines = 0
    /// Values that did not fit the type of their column.
    public internal(set) var unfitValues = 0
    /// Values that have no column; counted only where a reader is told to collect them.
    public internal(set) var unknownValues = 0
    /// Lines that were not UTF-8 and were read with U+FFFD in place of the wrong bytes.
    public internal(set) var repairedLines = 0
    /// The first malformed lines.
    public internal(set) var problems: [Problem] = []

    static let maximumProblems = 20

    mutating func note(line: Int, offset: Int, _ reason: String) {
        malformedLines += 1
        if problems.count < Self.maximumProblems {
            problems.append(Problem(line: line, offset: offset, reason: reason))
        }
    }
}
