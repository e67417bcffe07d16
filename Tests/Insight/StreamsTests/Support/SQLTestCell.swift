/// A cell of a row as the test files write it: `NULL`, text as it is, or `'text'` where that would be misread.
enum SQLTestCell {
    static func write(_ text: String?) -> String {
        guard let text else { return "NULL" }
        let isPlain =
            !text.isEmpty && text != "NULL" && text.first != " " && text.last != " " && text.first != "'"
            && !text.contains { $0 == "|" || $0 == "\n" || $0 == "\t" } && !text.hasPrefix("#")
            && !text.hasPrefix("error")
        if isPlain { return text }
        return "'"
            + text.replacing("\\", with: "\\\\").replacing("\n", with: "\\n").replacing("\t", with: "\\t")
            .replacing("|", with: "\\p") + "'"
    }

    static func split(_ line: String) -> [String?] {
        line.split(separator: "|", omittingEmptySubsequences: false).map { part in
            let cell = part.trimmingBlanks()
            if cell == "NULL" { return nil }
            guard cell.count >= 2, cell.first == "'", cell.last == "'" else { return String(cell) }
            return String(cell.dropFirst().dropLast()).replacing("\\p", with: "|").replacing("\\n", with: "\n")
                .replacing("\\t", with: "\t").replacing("\\\\", with: "\\")
        }
    }
}

extension Substring {
    fileprivate func trimmingBlanks() -> Substring {
        var result = self
        while result.first == " " { result.removeFirst() }
        while result.last == " " { result.removeLast() }
        return result
    }
}
