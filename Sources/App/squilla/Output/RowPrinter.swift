import ArgumentParser

enum OutputFormat: String, CaseIterable, ExpressibleByArgument {
    case table, json, csv
}

/// Prints rows that arrive as JSON lines, in the format asked for.
struct RowPrinter {
    let format: OutputFormat
    /// Live rows are shown at once; stored ones wait until column widths are known.
    let isLive: Bool
    private var table = TablePrinter()
    private var hasHeader = false

    init(format: OutputFormat, isLive: Bool) {
        self.format = format
        self.isLive = isLive
    }

    mutating func print(line: some Collection<UInt8>) {
        if format == .json {
            StandardOutput.write(Array(line) + [0x0A])
            return
        }
        guard let row = JSONRow(line) else { return }
        if format == .csv {
            if !hasHeader { StandardOutput.write(Self.csvLine(row.cells.map(\.name))) }
            StandardOutput.write(Self.csvLine(row.cells.map { $0.value.kind == .null ? "" : $0.value.text }))
        } else {
            table.add(row)
            if isLive { table.flush() }
        }
        hasHeader = true
    }

    /// Many lines, each with its line end.
    mutating func print(lines: [UInt8]) {
        if format == .json {
            return StandardOutput.write(lines)
        }
        for line in lines.split(separator: 0x0A) { print(line: line) }
    }

    mutating func finish() {
        if format == .table { table.flush() }
        StandardOutput.flush()
    }

    mutating func flush() {
        if isLive { StandardOutput.flush() }
    }

    /// RFC 4180.
    static func csvLine(_ cells: [String]) -> [UInt8] {
        let quoted = cells.map { cell in
            cell.contains { $0 == "," || $0 == "\"" || $0.isNewline }
                ? "\"" + cell.replacing("\"", with: "\"\"") + "\"" : cell
        }
        return Array((quoted.joined(separator: ",") + "\r\n").utf8)
    }
}
