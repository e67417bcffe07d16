import SQL

/// A text with expressions in it.
struct RuleTemplate: Sendable {
    enum Part: Sendable {
        case text([UInt8])
        case value(RowProgram)
    }

    let parts: [Part]

    /// The text where no expression is in it.
    var constant: [UInt8]? {
        switch parts.count {
        case 0: return []
        case 1: if case .text(let text) = parts[0] { return text } else { return nil }
        default: return nil
        }
    }

    /// Appends the text; NULL is no text. What can't be computed throws.
    func append(to out: inout [UInt8], _ values: inout RowValues) throws(SQLError) {
        for part in parts {
            switch part {
            case .text(let text): out.append(contentsOf: text)
            case .value(let program): _ = try program.text(&values, into: &out)
            }
        }
    }

    /// The parts of a text as written.
    enum Source: Equatable {
        case text(String)
        /// With the place of its first character in the text.
        case expression(String, line: Int, column: Int)
    }

    /// Cuts a text at `${` and the brace that ends it; braces in quotes don't count, `$${` is `${`.
    /// - Returns: nil where a brace is missing, with the place of the `${`.
    static func split(_ text: String) -> (parts: [Source], open: (line: Int, column: Int)?) {
        var parts: [Source] = []
        var plain = ""
        var scalars = Substring(text).unicodeScalars
        var place = (line: 1, column: 1)
        func advance(_ scalar: Unicode.Scalar) {
            place = scalar == "\n" ? (place.line + 1, 1) : (place.line, place.column + 1)
        }
        while let scalar = scalars.popFirst() {
            if scalar == "$", scalars.starts(with: "${".unicodeScalars) {
                plain.unicodeScalars.append(contentsOf: "${".unicodeScalars)
                for skipped in "$${".unicodeScalars { advance(skipped) }
                scalars.removeFirst(2)
                continue
            }
            guard scalar == "$", scalars.first == "{" else {
                plain.unicodeScalars.append(scalar)
                advance(scalar)
                continue
            }
            let start = place
            scalars.removeFirst()
            place.column += 2
            let from = place
            guard let inner = expression(&scalars, advance) else { return (parts, start) }
            if !plain.isEmpty { parts.append(.text(plain)) }
            plain = ""
            parts.append(.expression(inner, line: from.line, column: from.column))
        }
        if !plain.isEmpty { parts.append(.text(plain)) }
        return (parts, nil)
    }

    private static func expression(
        _ scalars: inout Substring.UnicodeScalarView, _ advance: (Unicode.Scalar) -> Void
    ) -> String? {
        var inner = ""
        var depth = 0
        var isQuoted = false
        while let scalar = scalars.popFirst() {
            advance(scalar)
            if scalar == "'" { isQuoted.toggle() }
            if !isQuoted, scalar == "{" { depth += 1 }
            if !isQuoted, scalar == "}" {
                if depth == 0 { return inner }
                depth -= 1
            }
            inner.unicodeScalars.append(scalar)
        }
        return nil
    }
}
