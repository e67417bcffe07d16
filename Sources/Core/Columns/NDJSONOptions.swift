/// What an `NDJSONReader` takes and how it hands out.
public struct NDJSONOptions: Sendable {
    /// Rows in a batch handed out; the last may hold fewer.
    public var batchRows = 4096
    /// Longer lines are malformed.
    public var maximumLineBytes = 1 << 20
    /// Levels of objects and arrays in one line, at most 64.
    public var maximumDepth = 32
    /// Keys of one line, those in skipped or captured values left out.
    public var maximumKeysPerLine = 4096
    /// Values of keys that have no column go to column `_unfit`, if the schema has it, and are counted. Else they are
    /// skipped.
    public var collectsUnknown = false
    /// An integer that no double holds exactly does not fit a column of doubles. Else it is the double that is nearest.
    public var keepsIntegersExact = false

    public init() {}
}
