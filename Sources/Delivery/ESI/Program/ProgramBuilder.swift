import Bytes
import Patterns

/// A program while it is parsed.
struct ProgramBuilder {
    var bytes: [UInt8] = []
    var nodes: [Node] = []
    var places: [ESIPlace] = []
    var expressions: [ExpressionNode] = []
    var children: [Int32] = []
    var names: [[UInt8]] = []
    var includes: [IncludeNode] = []
    var headerChanges: [HeaderChange] = []
    var parameters: [IncludeParameter] = []
    var patterns: [Pattern] = []
    var faults: [ESIFault] = []
    /// The page that relative URLs belong to, where it is known.
    var base: ESIURL?
    var fetches: [ESIFetch] = []
    var changesHead = false
    /// Calls so far that may do more than give a value.
    var effects = 0

    var isEmpty: Bool { nodes.isEmpty }

    /// Roughly what has been gathered, for the bound of an element's size.
    var size: Int { bytes.count + nodes.count * 16 + expressions.count * 16 }

    mutating func append(_ node: Node, _ place: ESIPlace) {
        nodes.append(node)
        places.append(place)
    }

    /// Appends literal text, to the node before where that is text that ends here.
    mutating func appendText(_ text: Span<UInt8>, _ place: ESIPlace) {
        guard !text.isEmpty else { return }
        let start = bytes.count
        bytes.append(contentsOf: text)
        // A node whose element ended here must not grow: it is not the last one's text.
        if case .text(let slice)? = nodes.last, Int(slice.start) + Int(slice.count) == start, nodes.count > fence {
            nodes[nodes.count - 1] = .text(Slice(start: slice.start, count: slice.count + Int32(text.count)))
            return
        }
        append(.text(Slice(start: Int32(start), count: Int32(text.count))), place)
    }

    /// Nodes before this index belong to elements that have ended.
    var fence = 0

    mutating func add(_ expression: ExpressionNode) -> Int32 {
        expressions.append(expression)
        return Int32(expressions.count - 1)
    }

    mutating func keep(_ text: Span<UInt8>) -> Slice {
        let start = bytes.count
        bytes.append(contentsOf: text)
        return Slice(start: Int32(start), count: Int32(text.count))
    }

    mutating func keep(_ text: [UInt8]) -> Slice { keep(text.span) }

    mutating func addText(_ text: [UInt8]) -> Int32 { add(.text(keep(text.span))) }

    mutating func add(children list: [Int32]) -> Children {
        let first = Int32(children.count)
        children.append(contentsOf: list)
        return Children(first: first, count: Int32(list.count))
    }

    mutating func name(_ name: [UInt8]) -> Int32 {
        if let known = names.firstIndex(of: name) { return Int32(known) }
        names.append(name)
        return Int32(names.count - 1)
    }

    mutating func add(_ fault: ESIFault) -> Int32 {
        faults.append(fault)
        return Int32(faults.count - 1)
    }

    /// The URL that a literal names, where the page's own is known.
    func url(_ expression: Int32) -> ESIURL? {
        guard let base, case .text(let slice) = expressions[Int(expression)] else { return nil }
        return ESIURL(bytes.span.extracting(slice.range), relativeTo: base)
    }

    /// Takes what is there as a program and starts anew.
    mutating func seal() -> ESIProgram {
        let program = ESIProgram(self)
        let base = base
        self = ProgramBuilder()
        self.base = base
        return program
    }
}
