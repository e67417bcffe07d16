import Bytes
import Patterns

/// Reads an expression into a program. Precedence from loose to tight: `|| |`, `^`, `&& &`, comparisons with `has` and
/// `matches`, `<< >>`, `+ -`, `* / %`, then the prefixes `! - ~`; operators of one rank go from left to right.
struct ExpressionParser {
    let source: [UInt8]
    let end: Int
    let maximumDepth: Int
    var position: Int
    var builder: ProgramBuilder
    private var depth = 0

    /// - Parameter builder: gets the nodes; take it back when parsing succeeded.
    init(_ source: [UInt8], _ range: Range<Int>, builder: consuming ProgramBuilder, settings: ESISettings) {
        self.source = source
        self.end = range.upperBound
        self.position = range.lowerBound
        self.builder = builder
        self.maximumDepth = settings.maximumExpressionDepth
    }

    /// The whole range as one expression.
    mutating func parseWhole() throws(ESIFault) -> Int32 {
        let expression = try parseOr()
        skipBlanks()
        guard position == end else { throw unexpected("the end of the expression") }
        return expression
    }

    // MARK: Operators

    mutating func parseOr() throws(ESIFault) -> Int32 {
        depth += 1
        defer { depth -= 1 }
        guard depth <= maximumDepth else {
            throw ESIFault.limit("max_expression_depth", "the expression is nested more than \(maximumDepth) deep")
        }
        var left = try parseXor()
        while true {
            if take("||") {
                left = builder.add(.binary(.or, left, try parseXor()))
            } else if take("|") {
                left = builder.add(.binary(.bitOr, left, try parseXor()))
            } else {
                return left
            }
        }
    }

    private mutating func parseXor() throws(ESIFault) -> Int32 {
        var left = try parseAnd()
        while take("^") { left = builder.add(.binary(.bitXor, left, try parseAnd())) }
        return left
    }

    private mutating func parseAnd() throws(ESIFault) -> Int32 {
        var left = try parseComparison()
        while true {
            if take("&&") {
                left = builder.add(.binary(.and, left, try parseComparison()))
            } else if take("&") {
                left = builder.add(.binary(.bitAnd, left, try parseComparison()))
            } else {
                return left
            }
        }
    }

    private mutating func parseComparison() throws(ESIFault) -> Int32 {
        var left = try parseShift()
        while true {
            if takeWord("matches_i") {
                left = try parseMatches(left, ignoresCase: true)
            } else if takeWord("matches") {
                left = try parseMatches(left, ignoresCase: false)
            } else if let comparison = takeComparison() {
                left = builder.add(.binary(comparison, left, try parseShift()))
            } else {
                return left
            }
        }
    }

    private mutating func takeComparison() -> BinaryOperator? {
        if take("==") { return .equal }
        if take("!=") { return .notEqual }
        if take("<=") { return .lessOrEqual }
        if take(">=") { return .greaterOrEqual }
        if !at("<<"), take("<") { return .less }
        if !at(">>"), take(">") { return .greater }
        if takeWord("has_i") { return .hasIgnoringCase }
        return takeWord("has") ? .has : nil
    }

    private mutating func parseMatches(_ subject: Int32, ignoresCase: Bool) throws(ESIFault) -> Int32 {
        let pattern = try parseShift()
        var compiled: Int32 = -1
        if case .text(let slice) = builder.expressions[Int(pattern)] {
            let bytes = Array(builder.bytes[slice.range])
            do throws(PatternError) {
                builder.patterns.append(try Pattern(bytes, ignoresCase: ignoresCase))
            } catch {
                throw ESIFault.badPattern(bytes, error)
            }
            compiled = Int32(builder.patterns.count - 1)
        }
        return builder.add(.matches(subject, pattern: pattern, compiled: compiled, ignoresCase: ignoresCase))
    }

    private mutating func parseShift() throws(ESIFault) -> Int32 {
        var left = try parseSum()
        while true {
            if take("<<") {
                left = builder.add(.binary(.shiftLeft, left, try parseSum()))
            } else if take(">>") {
                left = builder.add(.binary(.shiftRight, left, try parseSum()))
            } else {
                return left
            }
        }
    }

    private mutating func parseSum() throws(ESIFault) -> Int32 {
        var left = try parseProduct()
        while true {
            if take("+") {
                left = builder.add(.binary(.add, left, try parseProduct()))
            } else if take("-") {
                left = builder.add(.binary(.subtract, left, try parseProduct()))
            } else {
                return left
            }
        }
    }

    private mutating func parseProduct() throws(ESIFault) -> Int32 {
        var left = try parseUnary()
        while true {
            if take("*") {
                left = builder.add(.binary(.multiply, left, try parseUnary()))
            } else if take("/") {
                left = builder.add(.binary(.divide, left, try parseUnary()))
            } else if take("%") {
                left = builder.add(.binary(.remainder, left, try parseUnary()))
            } else {
                return left
            }
        }
    }

    private mutating func parseUnary() throws(ESIFault) -> Int32 {
        depth += 1
        defer { depth -= 1 }
        guard depth <= maximumDepth else {
            throw ESIFault.limit("max_expression_depth", "the expression is nested more than \(maximumDepth) deep")
        }
        skipBlanks()
        if !at("!="), take("!") { return builder.add(.not(try parseUnary())) }
        if take("~") { return builder.add(.complement(try parseUnary())) }
        if take("-") {
            let operand = try parseUnary()
            if case .integer(let value) = builder.expressions[Int(operand)], value > 0 {
                builder.expressions[Int(operand)] = .integer(-value)
                return operand
            }
            return builder.add(.negate(operand))
        }
        return try parsePrimary()
    }

    // MARK: Scanning

    var current: UInt8? { position < end ? source[position] : nil }

    mutating func skipBlanks() {
        while position < end, source[position].isBlank { position += 1 }
    }

    func at(_ token: StaticString) -> Bool {
        guard end - position >= token.utf8CodeUnitCount else { return false }
        return token.withUTF8Buffer { token in
            for index in token.indices where source[position + index] != token[index] { return false }
            return true
        }
    }

    mutating func take(_ token: StaticString) -> Bool {
        skipBlanks()
        guard at(token) else { return false }
        position += token.utf8CodeUnitCount
        return true
    }

    /// A word that no letter follows.
    mutating func takeWord(_ word: StaticString) -> Bool {
        skipBlanks()
        guard at(word) else { return false }
        let after = position + word.utf8CodeUnitCount
        if after < end, source[after].isNameByte { return false }
        position = after
        return true
    }

    mutating func takeName() -> [UInt8]? {
        guard let first = current, first.isLetter || first == 0x5F else { return nil }
        let start = position
        while position < end, source[position].isNameByte { position += 1 }
        return Array(source[start..<position])
    }

    func unexpected(_ wanted: String) -> ESIFault {
        let shown = String(decoding: source[position..<min(end, position + 20)], as: UTF8.self)
        let found = shown.isEmpty ? "the expression ends" : "found “\(shown)”"
        return ESIFault(.markup, "bad_expression", "\(found) where \(wanted) should be")
    }
}

extension ESIFault {
    static func badPattern(_ pattern: [UInt8], _ error: PatternError) -> ESIFault {
        let shown = String(decoding: pattern.prefix(60), as: UTF8.self)
        if error.kind == .tooCostly {
            return ESIFault(.limit, "max_match_steps", "the regular expression “\(shown)” takes too long")
        }
        return ESIFault(
            .expression, "bad_pattern",
            "the regular expression “\(shown)” is wrong at character \(error.offset + 1): \(error.message)")
    }
}
