import Columns

extension RowProgram {
    /// Compiles conditions into one program.
    /// - Parameter binder: the one that bound them, when all that shares its columns was bound.
    /// - Throws: a pattern, path or format that is wrong.
    public init(conditions: [BoundExpression], _ binder: RowBinder) throws(SQLError) {
        var compiler = RowCompiler(binder)
        for condition in conditions { compiler.program.roots.append(try compiler.test(condition)) }
        self = compiler.finish()
    }

    /// Compiles a value.
    /// - Parameter binder: as for conditions.
    /// - Throws: as for conditions.
    public init(value: BoundExpression, _ binder: RowBinder) throws(SQLError) {
        var compiler = RowCompiler(binder)
        let (slot, steps) = try compiler.collecting { compiler throws(SQLError) in try compiler.operand(value) }
        compiler.program.steps = Int(steps.lowerBound)..<Int(steps.upperBound)
        compiler.program.result = slot
        self = compiler.finish()
    }
}

extension RowCompiler {
    mutating func test(_ expression: BoundExpression) throws(SQLError) -> Int32 {
        switch expression {
        case .literal(let value, _): return constant(value)
        case .column(let index, _):
            if let (table, value) = table(index) { return try ask(table, value) }
            return try testing([expression]) { .init(code: .flag, a: $0[0]) }
        case .call(let function, let arguments, _): return try test(function, arguments, expression)
        case .inList(let operand, let values, let isNegated):
            let test = try inList(operand, values)
            return isNegated ? add(.init(code: .not, a: test)) : test
        case .cast, .caseWhen, .anyElement:
            return try testing([expression]) { .init(code: .flag, a: $0[0]) }
        }
    }

    private mutating func constant(_ value: Value) -> Int32 {
        let truth: RowProgram.Truth =
            switch value {
            case .bool(let bool): .init(bool)
            default: .unknown
            }
        return add(.init(code: .constant, flag: truth.rawValue))
    }

    /// A test over operands, with the steps that these need before it.
    private mutating func testing(
        _ operands: [BoundExpression], _ make: ([Int32]) -> RowProgram.Op
    ) throws(SQLError) -> Int32 {
        let (slots, steps) = try collecting { compiler throws(SQLError) -> [Int32] in
            var slots: [Int32] = []
            for operand in operands { slots.append(try compiler.operand(operand)) }
            return slots
        }
        return with(steps, add(make(slots)))
    }

    private mutating func test(
        _ function: ScalarFunction, _ arguments: [BoundExpression], _ whole: BoundExpression
    ) throws(SQLError) -> Int32 {
        switch function {
        case .and, .or:
            var parts: [Int32] = []
            for argument in flattened(function, arguments) { parts.append(try test(argument)) }
            let range = add(children: parts)
            return add(.init(code: function == .and ? .and : .or, a: range.lowerBound, b: range.upperBound))
        case .not: return add(.init(code: .not, a: try test(arguments[0])))
        case .isTrue: return add(.init(code: .isTrue, a: try test(arguments[0])))
        case .isFalse: return add(.init(code: .isFalse, a: try test(arguments[0])))
        case .isNull: return try testing(arguments) { .init(code: .isNull, a: $0[0]) }
        case .equal, .notEqual, .less, .lessOrEqual, .greater, .greaterOrEqual:
            return try comparison(function, arguments, whole)
        case .like, .startsWith, .endsWith, .regexp, .ipInCIDR: return try match(function, arguments, whole)
        default: return try computed(whole)
        }
    }

    /// As a value, and then whether that is true.
    private mutating func computed(_ whole: BoundExpression) throws(SQLError) -> Int32 {
        try testing([whole]) { .init(code: .flag, a: $0[0]) }
    }

    /// The operands of a chain of one connective, which the binder makes a leaning tree of.
    private func flattened(_ function: ScalarFunction, _ arguments: [BoundExpression]) -> [BoundExpression] {
        var out: [BoundExpression] = []
        var open = Array(arguments.reversed())
        while let next = open.popLast() {
            if case .call(function, let inner, _) = next {
                open += inner.reversed()
            } else {
                out.append(next)
            }
        }
        return out
    }

    private mutating func comparison(
        _ function: ScalarFunction, _ arguments: [BoundExpression], _ whole: BoundExpression
    ) throws(SQLError) -> Int32 {
        guard var order = RowProgram.Order(function) else { return try computed(whole) }
        var (left, right) = (arguments[0], arguments[1])
        if case .literal = left {
            (left, right) = (right, left)
            order = order.turned
        }
        switch (left.type.fieldType, right) {
        case (.int64, .literal(.int64(let number), _)), (.timestamp, .literal(.int64(let number), _)):
            return try testing([left]) {
                .init(code: .integerCompare, flag: order.rawValue, a: $0[0], number: number)
            }
        case (.string, .literal(.bytes(let bytes), _)) where order == .equal || order == .notEqual:
            let test = try text(.textEqual, left, bytes)
            return order == .equal ? test : add(.init(code: .not, a: test))
        case (.int64, _), (.timestamp, _), (.string, _), (.ip, _), (.bool, _):
            return try testing([left, right]) {
                .init(code: .compare, flag: order.rawValue, a: $0[0], b: $0[1])
            }
        default: return try computed(whole)
        }
    }

    private mutating func text(
        _ code: RowProgram.Code, _ operand: BoundExpression, _ bytes: [UInt8]
    ) throws(SQLError) -> Int32 {
        let range = literal(bytes)
        return try testing([operand]) { .init(code: code, a: $0[0], b: range.lowerBound, c: range.upperBound) }
    }

    private mutating func match(
        _ function: ScalarFunction, _ arguments: [BoundExpression], _ whole: BoundExpression
    ) throws(SQLError) -> Int32 {
        guard arguments[0].type.fieldType == .string || function == .ipInCIDR,
            case .literal(.bytes(let bytes), _) = arguments[1]
        else { return try computed(whole) }
        switch function {
        case .startsWith: return try text(.textPrefix, arguments[0], bytes)
        case .endsWith: return try text(.textSuffix, arguments[0], bytes)
        case .regexp:
            program.regexes.append(try Regex(bytes))
            let number = Int32(program.regexes.count - 1)
            return try testing([arguments[0]]) { .init(code: .regexp, a: $0[0], b: number) }
        case .ipInCIDR:
            program.networks.append(try IPNetwork(bytes))
            let number = Int32(program.networks.count - 1)
            return try testing([arguments[0]]) { .init(code: .network, a: $0[0], b: number) }
        default:
            var escape: [UInt8]?
            if arguments.count > 2 {
                guard case .literal(.bytes(let given), _) = arguments[2] else { return try computed(whole) }
                escape = given
            }
            return try like(arguments[0], try LikePattern(bytes, escape: escape))
        }
    }

    private mutating func like(_ operand: BoundExpression, _ pattern: LikePattern) throws(SQLError) -> Int32 {
        switch pattern.shape {
        case .exact(let text): return try self.text(.textEqual, operand, text)
        case .prefix(let text): return try self.text(.textPrefix, operand, text)
        case .suffix(let text): return try self.text(.textSuffix, operand, text)
        case .contains(let text): return try self.text(.textContains, operand, text)
        case .general:
            program.likes.append(pattern)
            let number = Int32(program.likes.count - 1)
            return try testing([operand]) { .init(code: .like, a: $0[0], b: number) }
        }
    }

    private mutating func inList(_ operand: BoundExpression, _ values: [Value]) throws(SQLError) -> Int32 {
        let hasNull: UInt8 = values.contains(.null) ? 1 : 0
        let code: RowProgram.Code
        let number: Int
        switch operand.type.fieldType {
        case .int64, .timestamp:
            let list = values.compactMap { if case .int64(let value) = $0 { value } else { nil } }
            program.integerSets.append(list.sorted())
            (code, number) = (.integerIn, program.integerSets.count - 1)
        case .string:
            let list = values.compactMap { if case .bytes(let value) = $0 { value } else { nil } }
            program.textSets.append(TextSet(list))
            (code, number) = (.textIn, program.textSets.count - 1)
        case .ip:
            let list = values.compactMap { if case .ip(let value) = $0 { value } else { nil } }
            program.addressSets.append(list.sorted())
            (code, number) = (.addressIn, program.addressSets.count - 1)
        default: return try computed(.inList(operand, values, isNegated: false))
        }
        return try testing([operand]) { .init(code: code, flag: hasNull, a: $0[0], b: Int32(number)) }
    }
}
