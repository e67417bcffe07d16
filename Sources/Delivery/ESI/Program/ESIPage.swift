import Bytes

/// A whole page or fragment, compiled.
public struct ESIPage: Sendable {
    /// A part of a page in which nothing is decided.
    public enum Part: Sendable {
        case text(ArraySlice<UInt8>)
        case fragment(ESIFetch)
    }

    public let programs: [ESIProgram]
    public let notes: [ESINote]
    /// Whether it calls functions that change the response's head.
    public let changesHead: Bool
    /// The page as texts and fragments in turn, where it has nothing else and no bound or guard stands against it: such
    /// a page needs no evaluation while all its fragments can be had.
    public let parts: [Part]?

    /// Compiles all of a page.
    /// - Parameter base: the page's URL, where it is the same for all requests that the compiled page serves: literal
    ///   URLs in it are resolved once.
    public init(_ bytes: Span<UInt8>, settings: ESISettings, base: ESIURL? = nil) {
        var parser = ESIParser(settings: settings, base: base)
        let first = parser.feed(bytes)
        programs = first + parser.finish()
        notes = parser.notes
        changesHead = programs.contains { $0.changesHead }
        parts = ESIPage.parts(programs, settings)
    }

    private static func parts(_ programs: [ESIProgram], _ settings: ESISettings) -> [Part]? {
        var parts: [Part] = []
        var includes = 0
        for program in programs {
            for node in program.nodes {
                switch node {
                case .text(let slice): parts.append(.text(program.bytes[slice.range]))
                case .include(let index):
                    let include = program.includes[Int(index)]
                    guard !include.isEval, include.fetch >= 0 else { return nil }
                    let fetch = program.fetches[Int(include.fetch)]
                    guard fetch.isOwnHost || settings.allows(host: String(decoding: fetch.url.host, as: UTF8.self)),
                        fetch.text != program.base
                    else { return nil }
                    parts.append(.fragment(fetch))
                    includes += 1
                default: return nil
                }
            }
        }
        return includes <= settings.maximumIncludes && settings.maximumDepth > 0 ? parts : nil
    }

    public var memoryBytes: Int { programs.reduce(64 + (parts?.count ?? 0) * 48) { $0 + $1.memoryBytes } }
}
