import SQL

/// A file of `Tests/SQL`: queries in plain text with the rows they give (`Tests/SQL/README.md` tells the format).
struct SQLTestFile {
    /// What `query` says about how to compare.
    struct Flags: Hashable {
        /// The order of rows means nothing.
        var isSorted = false
        /// The first expected line is `name TYPE | …`.
        var hasHeader = false
        /// It begins with a materialised view, which a job keeps of topics.
        var isView = false
        /// Rows of a batch, where the answer depends on it: changes are told once a batch.
        var batchRows: Int?
    }

    struct Case {
        var name: String
        /// Tables declared in the file so far.
        var tables: [SQLTestTable]
        var flags = Flags()
        var query = ""
        /// Lines between `----` and the blank line: rows, or one that begins with `error`.
        var expected: [String] = []
        /// Where the expected lines stand: indices of the file's lines.
        var expectedLines: Range<Int>
        /// For messages; from 1.
        var line: Int
    }

    struct Malformed: Error, CustomStringConvertible {
        var line: Int
        var message: String

        var description: String { "line \(line): \(message)" }
    }

    var lines: [String]
    var cases: [Case] = []

    init(_ text: String) throws {
        lines = text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
        var tables: [SQLTestTable] = []
        var name: String?
        var index = 0
        while index < lines.count {
            let line = lines[index]
            if line.isEmpty || line.hasPrefix("#") {
                index += 1
            } else if line.hasPrefix("-- ") {
                name = String(line.dropFirst(3))
                index += 1
            } else if line.hasPrefix("table ") {
                let table = try readTable(&index)
                tables.removeAll { $0.declaration.name == table.declaration.name }
                tables.append(table)
            } else if line == "query" || line.hasPrefix("query ") {
                guard let title = name else {
                    throw Malformed(line: index + 1, message: "a query needs a '-- name' before it")
                }
                cases.append(try readCase(title, tables, &index))
                name = nil
            } else {
                throw Malformed(line: index + 1, message: "expected '-- name', 'table …', 'query' or '# comment'")
            }
        }
    }

    /// `table name (columns)`, on as many lines as its parentheses need, then a row a line up to a blank line.
    private func readTable(_ index: inout Int) throws -> SQLTestTable {
        let start = index + 1
        var text = ""
        repeat {
            text += (text.isEmpty ? "" : " ") + lines[index]
            index += 1
        } while index < lines.count && text.filter({ $0 == "(" }).count > text.filter({ $0 == ")" }).count
        var rows: [[String?]] = []
        while index < lines.count, !lines[index].isEmpty {
            rows.append(SQLTestCell.split(lines[index]))
            index += 1
        }
        do {
            return try SQLTestTable("CREATE " + text, rows: rows)
        } catch {
            throw Malformed(line: start, message: "\(error)")
        }
    }

    private func readCase(_ name: String, _ tables: [SQLTestTable], _ index: inout Int) throws -> Case {
        var result = Case(name: name, tables: tables, expectedLines: 0..<0, line: index + 1)
        for flag in lines[index].split(separator: " ").dropFirst() {
            switch flag {
            case "sorted": result.flags.isSorted = true
            case "header": result.flags.hasHeader = true
            case "view": result.flags.isView = true
            case let flag where flag.hasPrefix("batch="):
                guard let rows = Int(flag.dropFirst(6)), rows > 0 else {
                    throw Malformed(line: index + 1, message: "batch= takes a number of rows")
                }
                result.flags.batchRows = rows
            default: throw Malformed(line: index + 1, message: "unknown flag '\(flag)'")
            }
        }
        index += 1
        var query: [String] = []
        while index < lines.count, lines[index] != "----" {
            query.append(lines[index])
            index += 1
        }
        guard index < lines.count else { throw Malformed(line: result.line, message: "the query has no ----") }
        index += 1
        result.query = query.joined(separator: "\n")
        let first = index
        while index < lines.count, !lines[index].isEmpty { index += 1 }
        result.expected = Array(lines[first..<index])
        result.expectedLines = first..<index
        return result
    }

    /// The file's text with other expected lines.
    func text(expecting answers: [[String]]) -> String {
        var result: [String] = []
        var next = 0
        for (test, answer) in zip(cases, answers) {
            result += lines[next..<test.expectedLines.lowerBound] + answer
            next = test.expectedLines.upperBound
        }
        result += lines[next...]
        return result.joined(separator: "\n")
    }
}
