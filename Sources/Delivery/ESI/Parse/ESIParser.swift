import Bytes

/// Reads a page while it arrives, cut anywhere, and compiles it: each call gives the programs that are complete by
/// then. Text goes on at once; an element such as `choose` goes on when it is whole. Malformed elements become nodes
/// that fail when they are reached, so that nothing is wrong with a page whose broken branch is not taken.
public struct ESIParser {
    enum Mode {
        case markup
        /// Inside `remove` or `comment`: nothing until its end.
        case skip(name: StaticString)
        /// Inside `text`: everything as it is until its end.
        case raw
    }

    let settings: ESISettings
    var builder = ProgramBuilder()
    var ready: [ESIProgram] = []
    var open: [OpenElement] = []
    var mode = Mode.markup
    /// Open elements that must be whole.
    var wholeDepth = 0
    /// Open elements whose text is processed.
    var processedDepth = 0
    /// `<!--esi` that are open, and ordinary comments inside them.
    var commentDepth = 0
    var innerComments = 0
    /// Of the first byte that is not consumed.
    var place = ESIPlace()
    /// The page is beyond a bound: nothing more is read.
    var isBroken = false
    /// What is malformed or odd, in the order of the page; at most `maximumNotes`.
    public internal(set) var notes: [ESINote] = []
    static let maximumNotes = 1_000

    private var pending: [UInt8] = []
    /// What the pending bytes lack: without it in the next bytes there is nothing to look at.
    var awaited: UInt8?

    public init(settings: ESISettings) { self.init(settings: settings, base: nil) }

    init(settings: ESISettings, base: ESIURL?) {
        self.settings = settings
        builder.base = base
    }

    /// Takes the next bytes of the page.
    /// - Returns: what can be evaluated now.
    public mutating func feed(_ bytes: Span<UInt8>) -> [ESIProgram] {
        guard !bytes.isEmpty, !isBroken else { return [] }
        if pending.isEmpty {
            let used = consume(bytes, isLast: false)
            pending.append(contentsOf: bytes.extracting(used..<bytes.count))
        } else {
            pending.append(contentsOf: bytes)
            if let awaited, pending.count < settings.maximumTagBytes, bytes.firstIndex(of: awaited) == nil { return [] }
            consumePending(isLast: false)
        }
        return handOver()
    }

    /// The page has ended.
    public mutating func finish() -> [ESIProgram] {
        if !isBroken {
            if !pending.isEmpty { consumePending(isLast: true) }
            closeAll()
        }
        return handOver()
    }

    private mutating func consumePending(isLast: Bool) {
        var bytes: [UInt8] = []
        swap(&bytes, &pending)
        let used = consume(bytes.span, isLast: isLast)
        if used > 0 { bytes.removeFirst(used) }
        pending = bytes
    }

    private mutating func handOver() -> [ESIProgram] {
        if wholeDepth == 0, !builder.isEmpty { seal() }
        if wholeDepth > 0, builder.size > settings.maximumElementBytes, !isBroken { breakOff() }
        defer { ready = [] }
        return ready
    }

    mutating func seal() { ready.append(builder.seal()) }

    private mutating func breakOff() {
        let place = open.first?.place ?? place
        let fault = ESIFault.limit("max_element_bytes", "an element does not end").at(place)
        note(.fault, fault)
        let base = builder.base
        builder = ProgramBuilder()
        builder.base = base
        builder.append(.fault(builder.add(fault)), place)
        seal()
        open = []
        wholeDepth = 0
        isBroken = true
        pending = []
    }

    // MARK: Input

    /// Takes what it can; returns how much.
    private mutating func consume(_ bytes: Span<UInt8>, isLast: Bool) -> Int {
        awaited = nil
        var index = 0
        while index < bytes.count {
            let next: Int
            switch mode {
            case .markup: next = takeMarkup(bytes, from: index, isLast: isLast)
            case .skip(let name): next = takeVerbatim(bytes, from: index, until: name, keeps: false, isLast: isLast)
            case .raw: next = takeVerbatim(bytes, from: index, until: "text", keeps: true, isLast: isLast)
            }
            if next == index { return index }
            place.advance(over: bytes.extracting(index..<next))
            index = next
        }
        return index
    }

    /// Text, then one tag, expression or escape. Returns the same index where more bytes are needed.
    private mutating func takeMarkup(_ bytes: Span<UInt8>, from start: Int, isLast: Bool) -> Int {
        let found = nextSpecial(bytes, from: start, isLast: isLast)
        if found > start {
            text(bytes.extracting(start..<found))
            return found
        }
        guard found < bytes.count else { return start }
        switch bytes[found] {
        case UInt8(ascii: "<"): return takeTag(bytes, from: found, isLast: isLast)
        case UInt8(ascii: "$"): return takeExpression(bytes, from: found, isLast: isLast)
        case UInt8(ascii: "\\"):
            guard found + 1 < bytes.count else {
                if isLast { text(bytes.extracting(found..<found + 1)) }
                return isLast ? found + 1 : found
            }
            text(bytes.extracting(found + 1..<found + 2))
            return found + 2
        default: return takeCommentEnd(bytes, from: found, isLast: isLast)
        }
    }

    /// Inside `remove`, `comment` and `text`.
    private mutating func takeVerbatim(
        _ bytes: Span<UInt8>, from start: Int, until name: StaticString, keeps: Bool, isLast: Bool
    ) -> Int {
        var index = start
        while let found = bytes.firstIndex(of: UInt8(ascii: "<"), from: index) {
            switch ClosingTag.at(bytes, found, name) {
            case .no: index = found + 1
            case .end(let end):
                if keeps { literal(bytes.extracting(start..<found)) }
                mode = .markup
                return end
            case .incomplete:
                if isLast {
                    index = found + 1
                    continue
                }
                if keeps, found > start { literal(bytes.extracting(start..<found)) }
                return found
            }
        }
        if keeps { literal(bytes.extracting(start..<bytes.count)) }
        return bytes.count
    }
}

/// Whether `</esi:name>` stands somewhere.
enum ClosingTag: Equatable {
    case no
    case end(Int)
    case incomplete

    static func at(_ bytes: Span<UInt8>, _ start: Int, _ name: StaticString) -> ClosingTag {
        let head: StaticString = "</esi:"
        var index = start
        for part in [head, name] {
            let outcome = part.withUTF8Buffer { part -> ClosingTag? in
                for byte in part {
                    guard index < bytes.count else { return .incomplete }
                    guard bytes[index] == byte else { return .no }
                    index += 1
                }
                return nil
            }
            if let outcome { return outcome }
        }
        while index < bytes.count, bytes[index].isBlank { index += 1 }
        guard index < bytes.count else { return .incomplete }
        return bytes[index] == UInt8(ascii: ">") ? .end(index + 1) : .no
    }
}
