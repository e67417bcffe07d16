import Columns

/// The rows an evaluation works on: all of a batch or a selection of it. Every operand that comes out has
/// `count` rows, in the selection's order.
struct Evaluator {
    let batch: Batch
    let rows: [UInt32]?
    let count: Int
    let context: EvaluationContext

    init(batch: Batch, rows: [UInt32]?, context: EvaluationContext) {
        self.batch = batch
        self.rows = rows
        self.count = rows?.count ?? batch.rowCount
        self.context = context
    }

    /// A frame of some of this frame's rows.
    func narrowed(to selected: [UInt32]) -> Evaluator {
        guard let rows else { return Evaluator(batch: batch, rows: selected, context: context) }
        return Evaluator(batch: batch, rows: selected.map { rows[Int($0)] }, context: context)
    }

    func evaluate(_ node: Node) throws(SQLError) -> Operand {
        switch node.kind {
        case .constant(let value): return .constant(value)
        case .column(let index):
            let column = try column(at: index, node.type)
            return .column(rows.map { column.select(rows: $0) } ?? column)
        case .call(let function, let arguments, let prepared):
            return try call(function, arguments, prepared, node.type)
        case .cast(let operand, let isTry):
            let argument = Argument(operand: try evaluate(operand), type: operand.type)
            // Lists, maps and rows are read and written as the JSON that they are.
            return try cast(argument, node.type.isStructured ? .json : node.type, isTry)
        case .caseWhen(let branches, let otherwise): return try caseWhen(branches, otherwise, node.type)
        case .anyElement(let list, let captures, let predicate): return try anyElement(list, captures, predicate)
        case .inList(let operand, let set, let isNegated):
            let argument = Argument(operand: try evaluate(operand), type: operand.type)
            return try apply([argument], isStrict: true) { arguments, count throws(SQLError) in
                set.test(arguments[0].operand, count, isNegated: isNegated)
            }
        }
    }

    /// The batch's column, which must be of the type that the expression was bound for: a source that hands over
    /// something else fails the query and not the process.
    private func column(at index: Int, _ type: SQLType) throws(SQLError) -> Column {
        guard index < batch.columns.count, batch.columns[index].type == type.fieldType else {
            let found = index < batch.columns.count ? "\(batch.columns[index].type)" : "nothing"
            throw SQLError.evaluation("column \(index + 1) of the input should be \(type.name) and is \(found)")
        }
        return batch.columns[index]
    }

    /// A constant spread over the rows, or the column itself, as the column type that `type` has.
    func column(_ operand: Operand, _ type: SQLType) -> Column {
        switch operand {
        case .constant(let value): Column.repeating(value, type: type.fieldType, count: count)
        case .column(let column): column
        }
    }

    private func call(
        _ function: ScalarFunction, _ nodes: [Node], _ prepared: Prepared, _ type: SQLType
    ) throws(SQLError) -> Operand {
        switch function {
        case .and, .or: return try junction(function, nodes[0], nodes[1])
        case .coalesce: return try coalesce(nodes, type)
        case .currentTimestamp: return .constant(.int64(context.now))
        case .processingTime: return .constant(.int64(context.clock?() ?? context.now))
        case .currentWatermark: return .constant(context.watermark?().map { .int64($0) } ?? .null)
        case .currentTime: return .constant(.int64(Instant.floorRemainder(context.now, Instant.day)))
        case .random, .randomInteger, .uuid:
            return try chance(function, try nodes.first.map { node throws(SQLError) in try evaluate(node) })
        case .raise:
            if count == 0 { return .constant(.null) }
            throw .evaluation(String(decoding: nodes.first?.text ?? [], as: UTF8.self))
        case .currentDate: return .constant(.int64(Instant.days(context.now)))
        default: break
        }
        var arguments: [Argument] = []
        arguments.reserveCapacity(nodes.count)
        for node in nodes { arguments.append(Argument(operand: try evaluate(node), type: node.type)) }
        let kernel = Kernel(function: function, prepared: prepared, type: type, context: context)
        return try apply(arguments, isStrict: function.isStrict) { arguments, count throws(SQLError) in
            try kernel.run(arguments, count)
        }
    }

    private func cast(_ argument: Argument, _ type: SQLType, _ isTry: Bool) throws(SQLError) -> Operand {
        let cast = Cast(from: argument.type, to: type, isTry: isTry, context: context)
        return try apply([argument], isStrict: true) { arguments, count throws(SQLError) in
            try cast.run(arguments[0].operand, count)
        }
    }

    /// Runs a kernel once where all arguments are constant, once an entry where the only column among them is a
    /// dictionary, and over the rows otherwise.
    private func apply(
        _ arguments: [Argument], isStrict: Bool, _ kernel: ([Argument], Int) throws(SQLError) -> Column
    ) throws(SQLError) -> Operand {
        if count == 0 || (isStrict && arguments.contains { $0.operand.isConstantNull }) { return .constant(.null) }
        if arguments.allSatisfy({ $0.operand.isConstant }) {
            return .constant(try kernel(arguments, 1).value(0))
        }
        if isStrict, let found = try byDictionary(arguments, kernel) { return .column(found) }
        return .column(try kernel(arguments, count))
    }

    private func byDictionary(
        _ arguments: [Argument], _ kernel: ([Argument], Int) throws(SQLError) -> Column
    ) throws(SQLError) -> Column? {
        var position: Int?
        for (index, argument) in arguments.enumerated() where !argument.operand.isConstant {
            if position != nil { return nil }
            position = index
        }
        guard let position, case .column(let column) = arguments[position].operand,
            case .dictionary(let codes, let values) = column.storage, values.count < count
        else { return nil }
        var entries = arguments
        let plain = Column(type: column.type, count: values.count, validity: nil, storage: .byteStrings(values))
        entries[position].operand = .column(plain)
        do throws(SQLError) {
            return try kernel(entries, values.count).spread(by: codes, validity: column.validity)
        } catch {
            // An entry that no row of this frame has may be the one that fails.
            return nil
        }
    }
}

extension Column {
    /// Values computed an entry of a dictionary, over the rows that have these codes.
    func spread(by codes: [UInt32], validity rowsValidity: Bitmap?) -> Column {
        var valid = rowsValidity
        if let validity { valid = Bitmap.both(rowsValidity, validity.spread(by: codes)) }
        let spread: Storage
        switch storage {
        case .byteStrings(let values): spread = .dictionary(codes: codes, values: values)
        case .bool(let values): spread = .bool(values.spread(by: codes))
        default: return select(rows: codes).masked(valid)
        }
        return Column(type: type, count: codes.count, validity: valid, storage: spread)
    }
}

extension Bitmap {
    /// Bit `codes[row]` for each row.
    func spread(by codes: [UInt32]) -> Bitmap {
        if words.count == 1 {
            let word = words[0]
            return Bitmap(count: codes.count) { word >> UInt64(codes[$0] & 63) & 1 != 0 }
        }
        let table = words
        return Bitmap(count: codes.count) {
            let code = Int(codes[$0])
            return table[code &>> 6] &>> UInt64(code & 63) & 1 != 0
        }
    }
}

extension ScalarFunction {
    /// True where a null argument makes the result null.
    var isStrict: Bool {
        switch self {
        case .isDistinctFrom, .and, .or, .isNull, .isTrue, .isFalse, .coalesce, .nullIf, .ifThenElse,
            .concatWithSeparator, .elt, .printf, .sortedItem, .jsonArray, .jsonArrayAbsent, .jsonObject,
            .jsonObjectAbsent:
            false
        default: true
        }
    }
}
