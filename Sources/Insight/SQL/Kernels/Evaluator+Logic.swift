import Columns

extension Evaluator {
    /// The rows where a predicate is true.
    func select(_ node: Node) throws(SQLError) -> Bitmap {
        guard case .call(.and, let sides, _) = node.kind else { return trueBits(try evaluate(node)) }
        let left = try select(sides[0])
        let passed = left.setCount
        if passed == 0 { return left }
        if passed == count { return try select(sides[1]) }
        // Few rows left: the right side over them alone is cheaper, and needed where it may fail.
        if sides[1].canFail || passed < count / 8 {
            let rows = left.indices()
            let right = try narrowed(to: rows).select(sides[1])
            var result = Bitmap(repeating: false, count: count)
            for index in right.indices() { result[Int(rows[Int(index)])] = true }
            return result
        }
        return left.combined(with: try select(sides[1])) { $0 & $1 }
    }

    private func trueBits(_ operand: Operand) -> Bitmap {
        let bits = operand.bits(count)
        guard let validity = operand.validity(count) else { return bits }
        return bits.combined(with: validity) { $0 & $1 }
    }

    private func falseBits(_ operand: Operand) -> Bitmap {
        let bits = operand.bits(count).inverted
        guard let validity = operand.validity(count) else { return bits }
        return bits.combined(with: validity) { $0 & $1 }
    }

    /// Three-valued `AND` and `OR`. The right side is computed only where the left one doesn't decide, if it may fail.
    func junction(_ function: ScalarFunction, _ left: Node, _ right: Node) throws(SQLError) -> Operand {
        if count == 0 { return .constant(.null) }
        let isAnd = function == .and
        let first = try evaluate(left)
        if case .constant(let value) = first {
            if value == .bool(!isAnd) { return first }
            if value == .bool(isAnd) { return try evaluate(right) }
        }
        let decided = isAnd ? falseBits(first) : trueBits(first)
        if decided.setCount == count { return .constant(.bool(!isAnd)) }
        var second: Operand
        if right.canFail && decided.setCount > 0 {
            let open = decided.inverted.indices()
            let part = Part(rows: open, operand: try narrowed(to: open).evaluate(right))
            second = assemble([part], .boolean)
        } else {
            second = try evaluate(right)
        }
        let (firstTrue, firstFalse) = (trueBits(first), falseBits(first))
        let (secondTrue, secondFalse) = (trueBits(second), falseBits(second))
        let isTrue = firstTrue.combined(with: secondTrue) { isAnd ? $0 & $1 : $0 | $1 }
        if first.validity(count) == nil && second.validity(count) == nil { return .column(.bools(isTrue, nil)) }
        let isFalse = firstFalse.combined(with: secondFalse) { isAnd ? $0 | $1 : $0 & $1 }
        return .column(.bools(isTrue, isTrue.combined(with: isFalse) { $0 | $1 }))
    }
}

extension Kernel {
    func not(_ argument: Argument, _ count: Int) -> Column {
        .bools(argument.operand.bits(count).inverted, argument.operand.validity(count))
    }

    func isNull(_ argument: Argument, _ count: Int) -> Column {
        .bools(argument.operand.validity(count)?.inverted ?? Bitmap(repeating: false, count: count), nil)
    }

    /// `IS TRUE` and `IS FALSE`.
    func isTruth(_ argument: Argument, _ count: Int, _ wanted: Bool) -> Column {
        let bits = argument.operand.bits(count)
        let matching = wanted ? bits : bits.inverted
        guard let validity = argument.operand.validity(count) else { return .bools(matching, nil) }
        return .bools(matching.combined(with: validity) { $0 & $1 }, nil)
    }
}
