import HTTPWire
import SQL

/// Comparisons with what a field is never spelled like (docs/rules.md).
extension RuleCompiler {
    mutating func warnOfSpelling(_ rule: BoundRule) {
        for part in conjuncts(rule.condition) {
            guard let problem = problem(of: part) else { continue }
            report(rule.number, "when", problem, isWarning: true)
            return
        }
    }

    private func problem(of part: BoundExpression) -> String? {
        switch part {
        case .call(.equal, let sides, _):
            guard sides.count == 2, let field = field(sides[0]) ?? field(sides[1]),
                let text = text(sides[1]) ?? text(sides[0])
            else { return nil }
            return spelling(field, text).map { "the condition is never true: \($0)" }
        case .inList(let side, let values, isNegated: false):
            guard let field = field(side) else { return nil }
            let problems = values.compactMap { value -> String? in
                if case .bytes(let text) = value { spelling(field, text) } else { nil }
            }
            guard let first = problems.first else { return nil }
            return problems.count == values.count
                ? "the condition is never true: \(first)" : "a value of the list is never met: \(first)"
        case .call(.like, let sides, _):
            guard sides.count == 2, let field = field(sides[0]), let pattern = text(sides[1]) else { return nil }
            return spelling(field, pattern: pattern).map { "the condition is never true: \($0)" }
        default: return nil
        }
    }

    private func field(_ side: BoundExpression) -> RuleField? {
        guard case .column(let index, _) = side, RuleField.allCases.indices.contains(index) else { return nil }
        return RuleField.allCases[index]
    }

    private func text(_ side: BoundExpression) -> [UInt8]? {
        if case .literal(.bytes(let text), _) = side { text } else { nil }
    }

    // MARK: Texts

    private func spelling(_ field: RuleField, _ text: [UInt8]) -> String? {
        let isWrong: Bool
        switch field {
        case .domain: isWrong = hasCapital(text) || hasPort(text) || text.count > 1 && text.last == 0x2E
        case .extension: isWrong = hasCapital(text) || text.first == 0x2E
        case .path: isWrong = !isPlain(text)
        case .method: isWrong = RuleCompiler.methods.contains { isOtherCase(text, of: $0) }
        case .scheme: isWrong = !RuleCompiler.schemes.contains { $0.utf8.elementsEqual(text) }
        default: isWrong = false
        }
        return isWrong ? RuleCompiler.spelling(of: field) : nil
    }

    /// - Parameter pattern: without an escape.
    private func spelling(_ field: RuleField, pattern: [UInt8]) -> String? {
        let start = Array(pattern.prefix { $0 != 0x25 && $0 != 0x5F })
        guard start.count < pattern.count else { return spelling(field, pattern) }
        let isWrong: Bool
        switch field {
        case .domain: isWrong = hasCapital(pattern) || hasPort(pattern)
        case .extension: isWrong = hasCapital(pattern) || start.first == 0x2E
        case .path: isWrong = !beginsPlain(start)
        case .method:
            isWrong = RuleCompiler.methods.contains { !start.isEmpty && isOtherCase(start, of: $0.prefix(start.count)) }
        case .scheme: isWrong = !RuleCompiler.schemes.contains { $0.utf8.starts(with: start) }
        default: isWrong = false
        }
        return isWrong ? RuleCompiler.spelling(of: field) : nil
    }

    private static func spelling(of field: RuleField) -> String {
        switch field {
        case .domain: "\(field.rawValue) is in lower case, without a port and without a dot at its end"
        case .extension: "\(field.rawValue) is in lower case and without its dot"
        case .path: "\(field.rawValue) is in one spelling (docs/rules.md)"
        case .method: "methods are in capitals, such as GET"
        default: "\(field.rawValue) is http or https"
        }
    }

    private static let methods = [
        "GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "CONNECT", "PURGE",
    ]
    private static let schemes = ["http", "https"]

    private func hasCapital(_ text: [UInt8]) -> Bool { text.contains { $0 &- 0x41 < 26 } }

    /// An address of IPv6 has its colons in brackets.
    private func hasPort(_ domain: [UInt8]) -> Bool {
        guard let bracket = domain.lastIndex(of: 0x5D) else { return domain.count(where: { $0 == 0x3A }) == 1 }
        return domain[bracket...].contains(0x3A)
    }

    /// A method in other letters is another method, which nobody has (RFC 9110, 9.1).
    private func isOtherCase(_ text: [UInt8], of method: some StringProtocol) -> Bool {
        text.count == method.utf8.count && !method.utf8.elementsEqual(text)
            && zip(text, method.utf8).allSatisfy { $0 & 0xDF == $1 }
    }

    private func isPlain(_ path: [UInt8]) -> Bool {
        guard path.first == 0x2F else { return path.isEmpty }
        // No request line has these (RFC 3986, 2).
        guard path.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) else { return false }
        var plain: [UInt8] = []
        PlainPath.append(path.span, to: &plain)
        return plain == path
    }

    /// Whether a path in one spelling can begin so; what follows may be a letter, so that dots at the end are a name's.
    /// - Precondition: without percent signs.
    private func beginsPlain(_ start: [UInt8]) -> Bool { start.isEmpty || isPlain(start + [0x78]) }
}
