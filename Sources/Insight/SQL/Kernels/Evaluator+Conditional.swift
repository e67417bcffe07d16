import Columns

/// Values for some rows of a frame.
struct Part {
    /// Indices into the frame, ascending.
    let rows: [UInt32]
    let operand: Operand
}

extension Evaluator {
    func caseWhen(_ branches: [Node.Branch], _ otherwise: Node, _ type: SQLType) throws(SQLError) -> Operand {
        if count == 0 { return .constant(.null) }
        var parts: [Part] = []
        var open: [UInt32]?
        for branch in branches {
            let frame = open.map { narrowed(to: $0) } ?? self
            let taken = try frame.select(branch.condition)
            let passed = taken.setCount
            if passed == 0 { continue }
            if passed == count { return try evaluate(branch.result) }
            let rows = choose(open, taken.indices())
            parts.append(Part(rows: rows, operand: try narrowed(to: rows).evaluate(branch.result)))
            open = choose(open, taken.inverted.indices())
            if open?.isEmpty == true { break }
        }
        guard let open else { return try evaluate(otherwise) }
        if !open.isEmpty { parts.append(Part(rows: open, operand: try narrowed(to: open).evaluate(otherwise))) }
        return assemble(parts, type)
    }

    func coalesce(_ nodes: [Node], _ type: SQLType) throws(SQLError) -> Operand {
        if count == 0 { return .constant(.null) }
        var parts: [Part] = []
        var open: [UInt32]?
        for node in nodes {
            let frame = open.map { narrowed(to: $0) } ?? self
            let operand = try frame.evaluate(node)
            guard let validity = operand.validity(frame.count) else {
                if open == nil { return operand }
                parts.append(Part(rows: open ?? [], operand: operand))
                open = []
                break
            }
            if open == nil, nodes.count == 2, let second = nodes[1].constant,
                let filled = fill(operand, validity, second, type)
            {
                return .column(filled)
            }
            let found = validity.indices()
            if found.isEmpty { continue }
            if case .column(let column) = operand {
                parts.append(Part(rows: choose(open, found), operand: .column(column.select(rows: found))))
            }
            open = choose(open, validity.inverted.indices())
            if open?.isEmpty == true { break }
        }
        return parts.isEmpty ? .constant(.null) : assemble(parts, type)
    }

    /// A constant where numbers are null: the common `COALESCE(x, 0)` in one pass.
    private func fill(_ operand: Operand, _ validity: Bitmap, _ constant: Value, _ type: SQLType) -> Column? {
        guard case .column(let column) = operand else { return nil }
        switch (column.storage, constant) {
        case (.int64(let values), .int64(let filler)):
            let filled = Loop.map(count, filler: 0) { validity[$0] ? values[$0] : filler }
            return .int64s((filled, nil), type.fieldType)
        case (.float64(let values), .float64(let filler)):
            return .float64s((Loop.map(count, filler: 0) { validity[$0] ? values[$0] : filler }, nil))
        case (.decimal(let values), .decimal(let filler)):
            return .decimals((Loop.map(count, filler: 0) { validity[$0] ? values[$0] : filler }, nil), type.fieldType)
        default: return nil
        }
    }

    private func choose(_ open: [UInt32]?, _ rows: [UInt32]) -> [UInt32] {
        guard let open else { return rows }
        return rows.map { open[Int($0)] }
    }

    /// Puts parts together into one column; rows in none of them are null.
    func assemble(_ parts: [Part], _ type: SQLType) -> Operand {
        let validity = assembledValidity(parts)
        let storage: Column.Storage
        switch type.fieldType {
        case .bool:
            let values = scatter(parts, filler: false) { operand, rows in
                let bits = operand.bits(rows)
                return Values(column: (0..<rows).map { bits[$0] })
            }
            storage = .bool(Bitmap(count: count) { values[$0] })
        case .int64, .timestamp: storage = .int64(scatter(parts, filler: 0) { operand, _ in operand.int64s() })
        case .float64: storage = .float64(scatter(parts, filler: 0) { operand, _ in operand.float64s() })
        case .ip:
            storage = .ip(scatter(parts, filler: IPAddress(high: 0, low: 0)) { operand, _ in operand.addresses() })
        case .decimal: storage = .decimal(scatter(parts, filler: 0) { operand, _ in operand.decimals() })
        case .string, .bytes, .json: storage = assembledText(parts)
        }
        return .column(Column(type: type.fieldType, count: count, validity: validity, storage: storage))
    }

    private func assembledValidity(_ parts: [Part]) -> Bitmap? {
        let covered = parts.reduce(0) { $0 + $1.rows.count }
        if covered == count && parts.allSatisfy({ $0.operand.validity($0.rows.count) == nil }) { return nil }
        var result = Bitmap(repeating: false, count: count)
        for part in parts {
            let validity = part.operand.validity(part.rows.count)
            for (index, row) in part.rows.enumerated() where validity == nil || validity![index] {
                result[Int(row)] = true
            }
        }
        return result
    }

    @inline(__always)
    private func scatter<Element>(
        _ parts: [Part], filler: Element, _ values: (Operand, Int) -> Values<Element>
    ) -> [Element] {
        var result = [Element](repeating: filler, count: count)
        for part in parts where !part.operand.isConstantNull {
            let source = values(part.operand, part.rows.count)
            for (index, row) in part.rows.enumerated() { result[Int(row)] = source[index] }
        }
        return result
    }

    /// Text stays where it is, in a dictionary of the parts' values; many distinct ones are laid out plainly.
    private func assembledText(_ parts: [Part]) -> Column.Storage {
        var values = ByteStrings(offsets: [0, 0], bytes: [])
        var codes = [UInt32](repeating: 0, count: count)
        for part in parts where !part.operand.isConstantNull {
            let base = UInt32(values.count)
            switch part.operand {
            case .constant:
                values.append(part.operand.texts().array(0))
                for row in part.rows { codes[Int(row)] = base }
            case .column(let column):
                switch column.storage {
                case .dictionary(let own, let entries):
                    values.append(contentsOf: entries)
                    for (index, row) in part.rows.enumerated() { codes[Int(row)] = base + own[index] }
                case .byteStrings(let entries):
                    values.append(contentsOf: entries)
                    for (index, row) in part.rows.enumerated() { codes[Int(row)] = base + UInt32(index) }
                default: preconditionFailure("not a column of text")
                }
            }
        }
        if values.count > count / 2 + 1 { return .byteStrings(values.select(rows: codes)) }
        return .dictionary(codes: codes, values: values)
    }
}
