import Columns
import SQL

/// The kinds of the rows of a changing result. They travel as the last column of its batches, behind those of the
/// plan node, so that whatever selects, cuts or stores rows does so with their kinds. Batches of a result that rows are
/// only added to have no such column: the planner knows which do (`ChangelogTraits`).
///
/// Within a batch `-U` is followed by its `+U`. A row that leaves a pair alone makes it `-D` and `+I`.
enum ChangeColumn {
    static let name = "op"
    /// The kinds by their codes.
    private static let texts: ByteStrings = {
        var texts = ByteStrings()
        for kind in ChangeKind.allCases { kind.text.withUTF8Buffer { texts.append($0) } }
        return texts
    }()

    static func make(_ kinds: [ChangeKind]) -> Column {
        let kinds = kinds.span
        let codes = [UInt32](capacity: kinds.count) { out in
            for row in kinds.indices { out.append(kinds[row].rawValue) }
        }
        return Column(
            type: .string, count: codes.count, validity: nil, storage: .dictionary(codes: codes, values: texts))
    }

    static func make(_ kind: ChangeKind, count: Int) -> Column {
        Column(
            type: .string, count: count, validity: nil,
            storage: .dictionary(codes: Array(repeating: kind.rawValue, count: count), values: texts))
    }

    /// The kinds of a column, in whatever encoding it came back from a checkpoint.
    static func kinds(of column: Column) -> [ChangeKind] {
        switch column.storage {
        case .dictionary(let codes, let values):
            let byCode = (0..<values.count).map { kind(values.bytes[values.range($0)]) }
            let codes = codes.span
            return [ChangeKind](capacity: codes.count) { out in
                for row in codes.indices { out.append(byCode[Int(codes[row])]) }
            }
        case .byteStrings(let strings):
            return (0..<strings.count).map { kind(strings.bytes[strings.range($0)]) }
        default:
            return Array(repeating: .insert, count: column.count)
        }
    }

    private static func kind(_ text: ArraySlice<UInt8>) -> ChangeKind {
        switch (text.first, text.last) {
        case (UInt8(ascii: "-"), UInt8(ascii: "U")): .updateBefore
        case (UInt8(ascii: "+"), UInt8(ascii: "U")): .updateAfter
        case (UInt8(ascii: "-"), UInt8(ascii: "D")): .delete
        default: .insert
        }
    }
}

extension Schema {
    /// With a column of kinds behind the others.
    var changing: Schema {
        var name = ChangeColumn.name
        var number = 0
        while index(of: name) != nil {
            number += 1
            name = "\(ChangeColumn.name)_\(number)"
        }
        return Schema(fields + [Field(name, .string)])
    }
}

extension Batch {
    /// The kinds of the rows, which are the last column.
    var changeKinds: [ChangeKind] { columns.last.map(ChangeColumn.kinds) ?? [] }

    /// Appends a changing batch in pieces of about the usual size; no pair is cut.
    ///
    /// - Parameter kinds: of the rows.
    func appendPieces(_ kinds: [ChangeKind], to output: inout [Batch]) {
        var start = 0
        while start < rowCount {
            var end = min(start + Batch.usualRowCount, rowCount)
            if end < rowCount, kinds[end] == .updateAfter, kinds[end - 1] == .updateBefore { end += 1 }
            output.append(start == 0 && end == rowCount ? self : slice(start..<end))
            start = end
        }
    }
}
