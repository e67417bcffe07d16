/// Mantis' query language, as a query of ours. Pure: no catalog, no I/O. The grammar is that of Netflix' mantis-mql;
/// places in errors, of the binder too, are places in the MQL text. `docs/from-mantis.md` tells what becomes of what.
public struct MQLTranslator {
    /// `window n [m]` in seconds.
    private struct Window {
        var size: Int64
        var slide: Int64?
        var position: SourcePosition
    }

    var scanner: MQLScanner
    let limits: SQLLimits
    private var depth = 0
    private var select: SelectBody
    private var hasAggregates = false
    private var window: Window?
    private var limit: RowCount?
    private var orderBy: [OrderItem] = []
    private var table: Identifier?

    /// The query of a text. `from` may be left out or name anything, as at a Mantis source.
    ///
    /// - Parameters:
    ///   - defaultTable: read where `from` names no table.
    ///   - isTable: whether there is a table of that name.
    /// - Throws: `syntax`, `unsupported` or `limitExceeded`, at the offending place.
    public static func query(
        _ text: String, defaultTable: String, isTable: (String) -> Bool, limits: SQLLimits = .standard
    ) throws(SQLError) -> Query {
        guard text.utf8.count <= limits.maximumTextBytes else {
            throw SQLError(
                .limitExceeded,
                "the text is \(text.utf8.count) bytes long, and \(limits.maximumTextBytes) are the most", at: .start)
        }
        var translator = MQLTranslator(text, limits)
        return try translator.translate(defaultTable, isTable)
    }

    private init(_ text: String, _ limits: SQLLimits) {
        scanner = MQLScanner(text)
        scanner.skipBlanks()
        self.limits = limits
        select = SelectBody(items: [], position: scanner.position)
    }

    private mutating func translate(_ defaultTable: String, _ isTable: (String) -> Bool) throws(SQLError) -> Query {
        guard scanner.accept(word: "select") else { throw scanner.unexpected("select") }
        try selectList()
        try clauses()
        let named = table.flatMap { isTable($0.text) ? $0 : nil }
        let name = named ?? Identifier(text: defaultTable, position: table?.position ?? select.position)
        try setSource(.table(Name(parts: [name]), alias: nil))
        return Query(body: .select(select), orderBy: orderBy, limit: limit, position: select.position)
    }

    // MARK: Clauses

    private mutating func selectList() throws(SQLError) {
        let start = scanner.position
        if scanner.accept("*") {
            select.items = [.star(nil, start)]
            return
        }
        repeat {
            select.items.append(try selectItem())
            guard select.items.count <= limits.maximumListLength else {
                throw SQLError(.limitExceeded, "more than \(limits.maximumListLength) columns", at: start)
            }
        } while scanner.accept(",")
    }

    private mutating func selectItem() throws(SQLError) -> SelectItem {
        let position = scanner.position
        let operand: Operand
        if let call = try aggregate() {
            operand = call
            hasAggregates = true
        } else {
            operand = try self.operand()
        }
        var alias = Identifier(text: operand.name, position: position, isQuoted: true)
        if scanner.accept(word: "as") {
            let isQuoted = scanner.peek() == UInt8(ascii: "'") || scanner.peek() == UInt8(ascii: "\"")
            alias = Identifier(
                text: isQuoted ? try scanner.text("an alias") : scanner.name(), position: position, isQuoted: true)
        }
        guard !alias.text.isEmpty else { throw scanner.unexpected("an alias") }
        return .expression(operand.expression, alias: alias)
    }

    private static let clauseWords = ["from", "window", "where", "group", "having", "order", "limit", "sample"]

    private mutating func clauses() throws(SQLError) {
        var seen: Set<String> = []
        while !scanner.isAtEnd {
            let word = scanner.upcomingWord
            let position = scanner.position
            if word == "anomaly" || word == "join" {
                throw SQLError(.unsupported, "\(word) has no translation", at: position)
            }
            guard Self.clauseWords.contains(word) else {
                throw scanner.unexpected(
                    "where, window, group by, having, order by, limit, sample or the end",
                    suggestion: Suggestion.phrase(for: word, among: Self.clauseWords))
            }
            guard seen.insert(word).inserted else {
                throw SQLError(.syntax, "\(word) comes twice", at: position)
            }
            _ = scanner.accept(word: word)
            try clause(word, at: position)
        }
    }

    private mutating func clause(_ word: String, at position: SourcePosition) throws(SQLError) {
        switch word {
        case "from": try from()
        case "window": try windowClause(at: position)
        case "where": select.condition = try condition()
        case "having": select.having = try condition()
        case "group":
            try by()
            repeat { select.groupBy.append(try property().expression) } while scanner.accept(",")
            select.isGrouped = true
        case "order":
            try by()
            orderBy.append(OrderItem(expression: try property().expression))
            if scanner.accept(word: "desc") { orderBy[0].isDescending = true } else { _ = scanner.accept(word: "asc") }
        case "limit":
            guard let text = scanner.number(), let count = Int(text), count >= 0 else {
                throw scanner.unexpected("a whole number of rows")
            }
            limit = RowCount(count: count, position: position)
        default: select.sample = try sample(at: position)
        }
    }

    private mutating func by() throws(SQLError) {
        guard scanner.accept(word: "by") else { throw scanner.unexpected("by") }
    }

    private mutating func from() throws(SQLError) {
        let position = scanner.position
        let name = scanner.name()
        guard !name.isEmpty else { throw scanner.unexpected("the name of a stream") }
        table = Identifier(text: name, position: position)
        guard scanner.peek() != UInt8(ascii: ",") else {
            throw SQLError(.unsupported, "several streams have no translation", at: scanner.position)
        }
    }

    private mutating func windowClause(at position: SourcePosition) throws(SQLError) {
        guard scanner.peek() != UInt8(ascii: "|") else {
            throw SQLError(
                .unsupported, "a window of a number of events has no translation", at: scanner.position,
                suggestion: "window 10 is one of ten seconds")
        }
        guard let size = try seconds() else { throw scanner.unexpected("seconds") }
        window = Window(size: size, slide: try seconds(), position: position)
    }

    /// Microseconds.
    private mutating func seconds() throws(SQLError) -> Int64? {
        let position = scanner.position
        guard let text = scanner.number() else { return nil }
        guard let seconds = Double(text), seconds > 0, seconds <= 86_400 * 366 else {
            throw SQLError(.invalidLiteral, "a window is some seconds long, at most a year", at: position)
        }
        return Int64((seconds * 1_000_000).rounded())
    }

    // MARK: Windows

    /// FROM, and what a window asks of the other clauses. Mantis' windows follow the clock; ours the events' time.
    private mutating func setSource(_ table: TableReference) throws(SQLError) {
        select.from = table
        let isGrouped = hasAggregates || select.isGrouped || select.having != nil
        if !isGrouped { select.sample?.extrapolation = nil }
        guard let window, isGrouped else {
            if isGrouped {
                throw SQLError(
                    .invalidQuery, "aggregates need a window", at: select.position, suggestion: "add window 10")
            }
            guard orderBy.isEmpty else {
                throw SQLError(
                    .unsupported, "order by without aggregates has no translation", at: orderBy[0].expression.position)
            }
            return
        }
        if let limit {
            throw SQLError(.unsupported, "limit inside of a window has no translation", at: limit.position)
        }
        let position = window.position
        func interval(_ microseconds: Int64) -> Expression { .literal(.intervalDaySecond(microseconds), position) }
        func name(_ text: String) -> Name { Name(parts: [Identifier(text: text, position: position, isQuoted: true)]) }
        select.from = .window(
            WindowReference(
                function: window.slide == nil ? .tumble : .hop, input: table, timeColumn: name("@timestamp"),
                slide: window.slide.map(interval), size: interval(window.size), position: position), alias: nil)
        select.groupBy = [.name(name("window_start")), .name(name("window_end"))] + select.groupBy
        select.isGrouped = true
        if !orderBy.isEmpty { orderBy.insert(OrderItem(expression: .name(name("window_start"))), at: 0) }
    }

    // MARK: Limits

    /// One level deeper, as far as the limit goes. Pair it with `leave()`.
    mutating func enter() throws(SQLError) {
        depth += 1
        guard depth <= limits.maximumDepth else {
            throw SQLError(
                .limitExceeded, "nested more than \(limits.maximumDepth) levels deep", at: scanner.position)
        }
    }

    mutating func leave() { depth -= 1 }
}
