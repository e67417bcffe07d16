/// Aligns rows under a header. Widths grow with what is printed; a header is printed once.
struct TablePrinter {
    /// Rows that are gathered before widths are settled for good.
    static let gatheredRows = 10_000
    static let widestCell = 80

    private var names: [String] = []
    private var widths: [Int] = []
    private var waiting: [[JSONCell]] = []
    private var printedHeader = false

    mutating func add(_ row: JSONRow) {
        if names.isEmpty {
            names = row.cells.map(\.name)
            widths = names.map(\.count)
        }
        waiting.append(row.cells.map(\.value))
        if waiting.count >= Self.gatheredRows { flush() }
    }

    mutating func flush() {
        guard !names.isEmpty else { return }
        for row in waiting {
            for (index, cell) in row.enumerated() where index < widths.count {
                widths[index] = min(Self.widestCell, max(widths[index], Self.shown(cell).count))
            }
        }
        if !printedHeader {
            let cells = zip(names, widths).map { $0.padded(to: $1, alignRight: false) }
            emit(cells)
            emit(widths.map { String(repeating: "─", count: $0) })
            printedHeader = true
        }
        for row in waiting {
            emit(
                row.enumerated().map { index, cell in
                    Self.shown(cell).padded(
                        to: index < widths.count ? widths[index] : 0, alignRight: cell.kind == .number)
                })
        }
        waiting.removeAll(keepingCapacity: true)
    }

    private func emit(_ cells: [String]) {
        var line = cells.joined(separator: "  ")
        while line.last == " " { line.removeLast() }
        StandardOutput.write(Array((line + "\n").utf8))
    }

    private static func shown(_ cell: JSONCell) -> String {
        if cell.kind == .null { return "∅" }
        let text = cell.text.printable
        return text.count > widestCell ? text.prefix(widestCell - 1) + "…" : text
    }
}

extension String {
    func padded(to width: Int, alignRight: Bool) -> String {
        let padding = String(repeating: " ", count: max(0, width - count))
        return alignRight ? padding + self : self + padding
    }

    /// Control characters made visible: what a hostile client sent must not drive the terminal.
    var printable: String {
        guard unicodeScalars.contains(where: { $0.value < 0x20 || (0x7F...0x9F).contains($0.value) }) else {
            return self
        }
        var out = ""
        for scalar in unicodeScalars {
            if scalar.value < 0x20 || (0x7F...0x9F).contains(scalar.value) {
                out += "\\x" + (scalar.value < 16 ? "0" : "") + String(scalar.value, radix: 16)
            } else {
                out.unicodeScalars.append(scalar)
            }
        }
        return out
    }
}
