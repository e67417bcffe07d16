import Bytes
import Columns

extension RowProgram {
    /// Runs the steps whose ops stand in a part of `children`.
    func run(_ steps: Range<Int>, _ values: inout RowValues) throws(SQLError) {
        for index in steps { try step(ops[Int(children[index])], &values) }
    }

    private func step(_ op: Op, _ values: inout RowValues) throws(SQLError) {
        let target = Int(op.c)
        switch op.code {
        case .truth:
            switch try test(op.a, &values) {
            case .unknown: values.setNull(target)
            case .yes: values.set(target, 1)
            case .no: values.set(target, 0)
            }
        case .literalNull: values.setNull(target)
        case .literalInteger: values.set(target, op.number)
        case .literalText:
            values.make(target) { $0.append(contentsOf: literals.span.extracting(Int(op.a)..<Int(op.b))) }
        case .literalAddress: values.set(target, addressSets[Int(op.a)][0])
        case .concat: concat(op, &values)
        case .coalesce: try coalesce(op, &values)
        case .choose: try choose(op, &values)
        case .slow: try slow(slows[Int(op.a)], target, &values)
        default: try convert(op, &values)
        }
    }

    /// Steps that take one value; NULL stays NULL.
    private func convert(_ op: Op, _ values: inout RowValues) throws(SQLError) {
        let target = Int(op.c)
        let slot = values.slots[Int(op.a)]
        if slot.kind == .null { return values.setNull(target) }
        switch op.code {
        case .textOfInteger: values.make(target) { NumberWriter.append(slot.integer, to: &$0) }
        case .textOfAddress: values.make(target) { slot.address.append(to: &$0) }
        case .integerOfText:
            guard let number = RowProgram.plainInteger(values.text(slot)) else {
                return try slow(slows[Int(op.b)], target, &values)
            }
            values.set(target, number)
        default:
            guard RowProgram.isASCII(values.text(slot)) else {
                return try slow(slows[Int(op.b)], target, &values)
            }
            let start = values.own.count
            values.append(slot)
            let low: UInt8 = op.code == .lower ? 0x41 : 0x61
            for index in start..<values.own.count where values.own[index] &- low < 26 { values.own[index] ^= 0x20 }
            values.set(target, .own, start..<values.own.count)
        }
    }

    private func concat(_ op: Op, _ values: inout RowValues) {
        let parts = Int(op.a)..<Int(op.b)
        for index in parts where values.slots[Int(children[index])].kind == .null {
            return values.setNull(Int(op.c))
        }
        let start = values.own.count
        for index in parts { values.append(values.slots[Int(children[index])]) }
        values.set(Int(op.c), .own, start..<values.own.count)
    }

    /// Choices are three children each: their steps' begin and end, and the slot.
    private func coalesce(_ op: Op, _ values: inout RowValues) throws(SQLError) {
        for index in stride(from: Int(op.a), to: Int(op.b), by: 3) {
            try take(index, Int(op.c), &values)
            if values.slots[Int(op.c)].kind != .null { return }
        }
    }

    /// Each choice has its test in front; the last one's is always true.
    private func choose(_ op: Op, _ values: inout RowValues) throws(SQLError) {
        for index in stride(from: Int(op.a), to: Int(op.b), by: 4) {
            if try test(children[index], &values) == .yes { return try take(index + 1, Int(op.c), &values) }
        }
    }

    private func take(_ index: Int, _ target: Int, _ values: inout RowValues) throws(SQLError) {
        try run(Int(children[index])..<Int(children[index + 1]), &values)
        values.slots[target] = values.slots[Int(children[index + 2])]
    }

    /// By the kernels of queries, over a batch of one row.
    private func slow(_ part: Slow, _ target: Int, _ values: inout RowValues) throws(SQLError) {
        var columns: [Column] = []
        for (slot, type) in zip(part.slots, part.types) {
            columns.append(.repeating(values.value(Int(slot), type), type: type.fieldType, count: 1))
        }
        let fields = part.types.enumerated().map { Field("c\($0)", $1.fieldType) }
        let batch = Batch(schema: Schema(fields), rowCount: 1, columns: columns)
        let context = EvaluationContext(now: values.now, maximumTextBytes: 1 << 20)
        let column = try part.expression.evaluate(batch, context: context)
        values.set(target, column.value(0))
    }

    static func isASCII(_ text: Span<UInt8>) -> Bool {
        var all: UInt8 = 0
        for index in text.indices { all |= text[index] }
        return all < 0x80
    }

    /// A number of decimal digits alone that can't overflow.
    private static func plainInteger(_ text: Span<UInt8>) -> Int64? {
        guard text.count > 0, text.count <= 18 else { return nil }
        var number: Int64 = 0
        for index in text.indices {
            let digit = text[index] &- 0x30
            guard digit < 10 else { return nil }
            number = number &* 10 &+ Int64(digit)
        }
        return number
    }
}

extension RowValues {
    /// Appends a text to the own ones.
    mutating func append(_ slot: Slot) {
        switch slot.buffer {
        case .first: own.append(contentsOf: first[slot.range])
        case .second: own.append(contentsOf: second[slot.range])
        case .own:
            own.reserveCapacity(own.count + slot.range.count)
            for index in slot.range { own.append(own[index]) }
        }
    }

    /// What a column is just now, for people: texts in quotes; nil for NULL.
    public func description(of column: Int, as type: SQLType) -> String? {
        switch value(column, type) {
        case .null: nil
        case .bytes(let bytes): "'\(String(decoding: bytes, as: UTF8.self))'"
        case .bool(let bool): "\(bool)"
        case .int64(let number): "\(number)"
        case .float64(let number): "\(number)"
        case .ip(let address): "\(address)"
        case .decimal: "?"
        }
    }

    func value(_ index: Int, _ type: SQLType) -> Value {
        let slot = slots[index]
        switch slot.kind {
        case .null: return .null
        case .integer: return type == .boolean ? .bool(slot.low != 0) : .int64(slot.integer)
        case .double: return .float64(slot.double)
        case .text: return .bytes([UInt8](text(slot)))
        case .address: return .ip(slot.address)
        }
    }

    /// - Parameter value: no decimal, which no step takes.
    mutating func set(_ index: Int, _ value: Value) {
        switch value {
        case .null, .decimal: setNull(index)
        case .bool(let bool): set(index, bool)
        case .int64(let number): set(index, number)
        case .float64(let number):
            slots[index] = Slot(kind: .double, buffer: .own, low: number.bitPattern, high: 0)
        case .bytes(let bytes): make(index) { $0.append(contentsOf: bytes) }
        case .ip(let address): set(index, address)
        }
    }
}
