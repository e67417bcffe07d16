import Columns

/// Makes a ``RowProgram`` of a bound expression.
struct RowCompiler {
    var program = RowProgram()
    let binder: RowBinder
    private let tables: [String]
    private var read: Set<Int> = []
    /// Steps of the operand that is being compiled, as far as there are any.
    private var pending: [Int32] = []

    init(_ binder: RowBinder) {
        self.binder = binder
        tables = binder.tables
        program.slotCount = binder.fields.count + binder.lookups.count
    }

    mutating func finish() -> RowProgram {
        program.columns = read.sorted()
        return program
    }

    mutating func add(_ op: RowProgram.Op) -> Int32 {
        program.ops.append(op)
        return Int32(program.ops.count - 1)
    }

    /// Slots or ops of one op, in a row.
    mutating func add(children: [Int32]) -> Range<Int32> {
        let start = Int32(program.children.count)
        program.children.append(contentsOf: children)
        return start..<Int32(program.children.count)
    }

    mutating func literal(_ bytes: [UInt8]) -> Range<Int32> {
        let start = Int32(program.literals.count)
        program.literals.append(contentsOf: bytes)
        return start..<Int32(program.literals.count)
    }

    mutating func temporary() -> Int32 {
        program.slotCount += 1
        return Int32(program.slotCount - 1)
    }

    /// A step that comes before what is being compiled.
    mutating func step(_ op: RowProgram.Op) -> Int32 {
        let index = add(op)
        pending.append(index)
        return op.c
    }

    /// Collects the steps that `body` needs.
    mutating func collecting<Result>(
        _ body: (inout RowCompiler) throws(SQLError) -> Result
    ) throws(SQLError) -> (result: Result, steps: Range<Int32>) {
        let outer = pending
        pending = []
        let result = try body(&self)
        let steps = add(children: pending)
        pending = outer
        return (result, steps)
    }

    // MARK: Operands

    /// Where an operand's value is once the steps have run.
    mutating func operand(_ expression: BoundExpression) throws(SQLError) -> Int32 {
        // What no slot can hold stays with the kernels, with all that it is made of.
        if expression.type.isDecimal { return try slow(expression) }
        switch expression {
        case .column(let index, _): return try column(index)
        case .literal(let value, let type): return try literal(value, type)
        case .cast(let inner, let type, _) where inner.type.isCarried(as: type): return try operand(inner)
        case .cast(let inner, let type, _): return try cast(inner, type, expression)
        case .call(let function, let arguments, _): return try call(function, arguments, expression)
        case .caseWhen(let branches, let otherwise, _):
            return try choose(branches.map { ($0.condition, $0.result) }, otherwise)
        case .inList, .anyElement: return try slow(expression)
        }
    }

    private mutating func column(_ index: Int) throws(SQLError) -> Int32 {
        guard let (table, value) = table(index) else {
            read.insert(index)
            return Int32(index)
        }
        let test = try ask(table, value)
        return step(.init(code: .truth, a: test, c: Int32(index)))
    }

    /// The table that a column asks, and with what.
    func table(_ index: Int) -> (Int, BoundExpression)? {
        guard index >= binder.fields.count,
            case .table(let name, let value) = binder.lookups[index - binder.fields.count],
            let number = tables.firstIndex(of: name)
        else { return nil }
        return (number, value)
    }

    mutating func ask(_ table: Int, _ value: BoundExpression) throws(SQLError) -> Int32 {
        let (slot, steps) = try collecting { compiler throws(SQLError) in try compiler.operand(value) }
        return with(steps, add(.init(code: .table, a: slot, b: Int32(table))))
    }

    /// A test behind steps.
    mutating func with(_ steps: Range<Int32>, _ test: Int32) -> Int32 {
        if steps.isEmpty { return test }
        return add(.init(code: .with, a: steps.lowerBound, b: steps.upperBound, c: test))
    }

    private mutating func literal(_ value: Value, _ type: SQLType) throws(SQLError) -> Int32 {
        let slot = temporary()
        switch value {
        case .null: return step(.init(code: .literalNull, c: slot))
        case .bool(let bool): return step(.init(code: .literalInteger, c: slot, number: bool ? 1 : 0))
        case .int64(let number): return step(.init(code: .literalInteger, c: slot, number: number))
        case .bytes(let bytes):
            let range = literal(bytes)
            return step(.init(code: .literalText, a: range.lowerBound, b: range.upperBound, c: slot))
        case .ip(let address):
            program.addressSets.append([address])
            return step(.init(code: .literalAddress, a: Int32(program.addressSets.count - 1), c: slot))
        case .float64, .decimal: return try slow(.literal(value, type: type))
        }
    }

    private mutating func cast(
        _ inner: BoundExpression, _ type: SQLType, _ whole: BoundExpression
    ) throws(SQLError) -> Int32 {
        switch (inner.type, type) {
        case (.tinyint, .varchar), (.smallint, .varchar), (.integer, .varchar), (.bigint, .varchar):
            return step(.init(code: .textOfInteger, a: try operand(inner), c: temporary()))
        case (.ip, .varchar): return step(.init(code: .textOfAddress, a: try operand(inner), c: temporary()))
        case (.varchar, .bigint):
            let slot = try operand(inner)
            let part = try part(whole, over: slot, of: inner.type)
            return step(.init(code: .integerOfText, a: slot, b: part, c: temporary()))
        default: return try slow(whole)
        }
    }

    private mutating func call(
        _ function: ScalarFunction, _ arguments: [BoundExpression], _ whole: BoundExpression
    ) throws(SQLError) -> Int32 {
        switch function {
        case .lower, .upper:
            let slot = try operand(arguments[0])
            let part = try part(whole, over: slot, of: arguments[0].type)
            return step(.init(code: function == .lower ? .lower : .upper, a: slot, b: part, c: temporary()))
        case .concat where arguments.allSatisfy { $0.type == .varchar }:
            var slots: [Int32] = []
            for argument in arguments { slots.append(try operand(argument)) }
            let parts = add(children: slots)
            return step(.init(code: .concat, a: parts.lowerBound, b: parts.upperBound, c: temporary()))
        case .coalesce:
            var choices: [Int32] = []
            for argument in arguments { choices += try choice(argument) }
            let range = add(children: choices)
            return step(.init(code: .coalesce, a: range.lowerBound, b: range.upperBound, c: temporary()))
        case .ifThenElse: return try choose([(arguments[0], arguments[1])], arguments[2])
        default: return try slow(whole)
        }
    }

    private mutating func choose(
        _ branches: [(BoundExpression, BoundExpression)], _ otherwise: BoundExpression
    ) throws(SQLError) -> Int32 {
        var choices: [Int32] = []
        for (condition, result) in branches {
            choices.append(try test(condition))
            choices += try choice(result)
        }
        choices.append(add(.init(code: .constant, flag: RowProgram.Truth.yes.rawValue)))
        choices += try choice(otherwise)
        let range = add(children: choices)
        return step(.init(code: .choose, a: range.lowerBound, b: range.upperBound, c: temporary()))
    }

    private mutating func choice(_ expression: BoundExpression) throws(SQLError) -> [Int32] {
        let (slot, steps) = try collecting { compiler throws(SQLError) in try compiler.operand(expression) }
        return [steps.lowerBound, steps.upperBound, slot]
    }

    // MARK: Parts for the kernels

    private mutating func slow(_ expression: BoundExpression) throws(SQLError) -> Int32 {
        var seen: [Int] = []
        expression.forEachColumn { if !seen.contains($0) { seen.append($0) } }
        var slots: [Int32] = []
        for index in seen { slots.append(try column(index)) }
        let moved = expression.remappingColumns { seen.firstIndex(of: $0) ?? 0 }
        program.slows.append(
            .init(
                expression: try CompiledExpression(moved), slots: slots,
                types: seen.map { binder.type(ofColumn: $0) }))
        return step(.init(code: .slow, a: Int32(program.slows.count - 1), c: temporary()))
    }

    /// A call of one argument, over the slot that has it.
    private mutating func part(
        _ whole: BoundExpression, over slot: Int32, of type: SQLType
    ) throws(SQLError) -> Int32 {
        let moved = whole.mapChildren { child in
            if case .literal = child { return child }
            return BoundExpression.column(index: 0, type: type)
        }
        program.slows.append(.init(expression: try CompiledExpression(moved), slots: [slot], types: [type]))
        return Int32(program.slows.count - 1)
    }
}

extension RowBinder {
    /// The tables that expressions ask, in the order of ``RowValues/tables``.
    public var tables: [String] {
        var names: [String] = []
        for case .table(let name, _) in lookups where !names.contains(name) { names.append(name) }
        return names
    }
}
