/// Where the lines end in a piece of a file that grows.
enum LineCut {
    static let lineFeed = UInt8(ascii: "\n")

    /// The place behind the last line that is whole; `nil` where none is. A line end in quotes ends no record of a CSV
    /// file.
    ///
    /// - Parameter bytes: begin where a line begins.
    static func end(_ bytes: [UInt8], _ format: TableDefinition.FileFormat) -> Int? {
        guard format == .csv else { return bytes.lastIndex(of: lineFeed).map { $0 + 1 } }
        return records(bytes) { _ in true }
    }

    /// The place behind the first record of a CSV file; `nil` where it is not whole.
    static func firstEnd(_ bytes: [UInt8]) -> Int? { records(bytes) { _ in false } }

    /// - Parameter goesOn: whether to look for the next end.
    private static func records(_ bytes: [UInt8], _ goesOn: (Int) -> Bool) -> Int? {
        var end: Int?
        var isQuoted = false
        for index in bytes.indices {
            switch bytes[index] {
            case UInt8(ascii: "\""): isQuoted.toggle()
            case lineFeed where !isQuoted:
                end = index + 1
                if !goesOn(index + 1) { return end }
            default: break
            }
        }
        return end
    }
}
