import Bytes

/// A whole page or fragment, compiled.
public struct ESIPage: Sendable {
    public let programs: [ESIProgram]
    public let notes: [ESINote]
    /// Whether it calls functions that change the response's head.
    public let changesHead: Bool

    /// Compiles all of a page.
    public init(_ bytes: Span<UInt8>, settings: ESISettings) {
        var parser = ESIParser(settings: settings)
        let first = parser.feed(bytes)
        self.init(first + parser.finish(), notes: parser.notes)
    }

    public init(_ programs: [ESIProgram], notes: [ESINote]) {
        self.programs = programs
        self.notes = notes
        changesHead = programs.contains { $0.changesHead }
    }

    public var memoryBytes: Int { programs.reduce(64) { $0 + $1.memoryBytes } }
}
