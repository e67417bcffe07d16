import Patterns

/// A compiled page or a part of one that can be evaluated before the rest has come. Immutable, so that one in a cache
/// serves many requests at once.
public final class ESIProgram: Sendable {
    let bytes: [UInt8]
    let nodes: [Node]
    let places: [ESIPlace]
    let expressions: [ExpressionNode]
    let children: [Int32]
    let names: [[UInt8]]
    let includes: [IncludeNode]
    let headerChanges: [HeaderChange]
    let parameters: [IncludeParameter]
    let patterns: [Pattern]
    let faults: [ESIFault]
    /// URL of the page that ``fetches`` were made for.
    let base: [UInt8]?
    let fetches: [ESIFetch]
    /// Whether it calls functions that change the response's head.
    public let changesHead: Bool
    /// Whether there is anything beside text.
    public let isPlain: Bool

    init(_ builder: borrowing ProgramBuilder) {
        bytes = builder.bytes
        nodes = builder.nodes
        places = builder.places
        expressions = builder.expressions
        children = builder.children
        names = builder.names
        includes = builder.includes
        headerChanges = builder.headerChanges
        parameters = builder.parameters
        patterns = builder.patterns
        faults = builder.faults
        base = builder.base?.text
        fetches = builder.fetches
        changesHead = builder.changesHead
        isPlain = builder.nodes.allSatisfy { if case .text = $0 { true } else { false } }
    }

    /// Bytes of memory, for the cache that holds it.
    public var memoryBytes: Int {
        let large = bytes.count + nodes.count * 40 + expressions.count * 32 + children.count * 4
        let urls = fetches.reduce(0) { $0 + 320 + 2 * $1.text.count }
        return 512 + large + includes.count * 72 + urls + names.reduce(0) { $0 + 32 + $1.count } + patterns.count * 2048
    }

    func child(_ children: Children, _ index: Int32) -> Int32 { self.children[Int(children.first + index)] }
}
