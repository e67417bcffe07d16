import Bytes
import Columns
import Patterns

extension RowProgram {
    /// Whether a condition holds for the row; nil where that is unknown, as SQL has it.
    /// - Parameter number: of the condition, in the order in which they were compiled.
    /// - Precondition: the columns that the program reads were set.
    /// - Throws: a value that can't be computed, or a regular expression that takes too long.
    public func test(_ number: Int, _ values: inout RowValues) throws(SQLError) -> Bool? {
        switch try test(roots[number], &values) {
        case .yes: return true
        case .no: return false
        case .unknown: return nil
        }
    }

    /// Appends a text value; false, and nothing appended, for NULL.
    /// - Throws: as `test`.
    public func text(_ values: inout RowValues, into out: inout [UInt8]) throws(SQLError) -> Bool {
        let slot = try evaluate(&values)
        guard slot.kind == .text else { return false }
        out.append(contentsOf: values.text(slot))
        return true
    }

    /// An integer value; nil for NULL.
    /// - Throws: as `test`.
    public func integer(_ values: inout RowValues) throws(SQLError) -> Int64? {
        let slot = try evaluate(&values)
        return slot.kind == .integer ? slot.integer : nil
    }

    private func evaluate(_ values: inout RowValues) throws(SQLError) -> RowValues.Slot {
        try run(steps, &values)
        return values.slots[Int(result)]
    }

    // MARK: Tests

    func test(_ index: Int32, _ values: inout RowValues) throws(SQLError) -> Truth {
        let op = ops[Int(index)]
        switch op.code {
        case .constant: return Truth(rawValue: op.flag) ?? .unknown
        case .and: return try junction(op, decisive: .no, &values)
        case .or: return try junction(op, decisive: .yes, &values)
        case .not:
            switch try test(op.a, &values) {
            case .yes: return .no
            case .no: return .yes
            case .unknown: return .unknown
            }
        case .isTrue: return Truth(try test(op.a, &values) == .yes)
        case .isFalse: return Truth(try test(op.a, &values) == .no)
        case .with:
            try run(Int(op.a)..<Int(op.b), &values)
            return try test(op.c, &values)
        case .isNull: return Truth(values.slots[Int(op.a)].kind == .null)
        default: break
        }
        let slot = values.slots[Int(op.a)]
        if slot.kind == .null { return .unknown }
        switch op.code {
        case .flag: return Truth(slot.low != 0)
        case .integerCompare: return Truth(compare(slot.integer, op.number, op.flag))
        case .integerIn: return among(integerSets[Int(op.b)].has(slot.integer), op.flag)
        case .addressIn: return among(addressSets[Int(op.b)].has(slot.address), op.flag)
        case .network: return Truth(networks[Int(op.b)].contains(slot.address))
        case .compare:
            let other = values.slots[Int(op.b)]
            if other.kind == .null { return .unknown }
            return compare(slot, other, op.flag, values)
        case .table: return ask(op, slot, values)
        case .regexp: return Truth(try matches(slot, regexes[Int(op.b)], &values))
        default: return test(text: values.text(slot), op)
        }
    }

    @inline(__always)
    private func test(text: Span<UInt8>, _ op: Op) -> Truth {
        switch op.code {
        case .textEqual: return Truth(ByteOrder.areEqual(text, literal(op)))
        case .textPrefix: return Truth(UTF8Text.hasPrefix(text, literal(op)))
        case .textSuffix: return Truth(UTF8Text.hasSuffix(text, literal(op)))
        case .textContains: return Truth(UTF8Text.find(literal(op), in: text) != nil)
        case .textIn: return among(textSets[Int(op.b)].contains(text), op.flag)
        default: return Truth(likes[Int(op.b)].matches(text))
        }
    }

    @_lifetime(borrow self)
    @inline(__always)
    private func literal(_ op: Op) -> Span<UInt8> { literals.span.extracting(Int(op.b)..<Int(op.c)) }

    /// `x IN (1, NULL)` is unknown where it isn't true.
    private func among(_ isThere: Bool, _ hasNull: UInt8) -> Truth {
        isThere ? .yes : hasNull != 0 ? .unknown : .no
    }

    private func junction(_ op: Op, decisive: Truth, _ values: inout RowValues) throws(SQLError) -> Truth {
        var outcome: Truth = decisive == .no ? .yes : .no
        for index in Int(op.a)..<Int(op.b) {
            let truth = try test(children[index], &values)
            if truth == decisive { return decisive }
            if truth == .unknown { outcome = .unknown }
        }
        return outcome
    }

    @inline(__always)
    private func compare(_ left: Int64, _ right: Int64, _ flag: UInt8) -> Bool {
        Order(rawValue: flag)?.holds(left < right ? -1 : left > right ? 1 : 0) ?? false
    }

    private func compare(
        _ left: RowValues.Slot, _ right: RowValues.Slot, _ flag: UInt8, _ values: borrowing RowValues
    ) -> Truth {
        let difference: Int
        switch left.kind {
        case .text: difference = ByteOrder.compare(values.text(left), values.text(right))
        case .address: difference = left.address < right.address ? -1 : left.address == right.address ? 0 : 1
        default: return Truth(compare(left.integer, right.integer, flag))
        }
        return Truth(Order(rawValue: flag)?.holds(difference) ?? false)
    }

    private func ask(_ op: Op, _ slot: RowValues.Slot, _ values: borrowing RowValues) -> Truth {
        guard Int(op.b) < values.tables.count else { return .unknown }
        let table = values.tables[Int(op.b)]
        let answer: Bool?
        switch slot.kind {
        case .text: answer = table.contains(text: values.text(slot))
        case .address: answer = table.contains(address: slot.address)
        default: answer = table.contains(integer: slot.integer)
        }
        return answer.map { Truth($0) } ?? .unknown
    }

    private func matches(
        _ slot: RowValues.Slot, _ regex: Regex, _ values: inout RowValues
    ) throws(SQLError) -> Bool {
        if regex.pattern.isEmpty { return false }
        do throws(PatternError) {
            switch slot.buffer {
            case .first: return try values.matcher.find(regex.pattern, in: values.first, slot.range)
            case .second: return try values.matcher.find(regex.pattern, in: values.second, slot.range)
            case .own: return try values.matcher.find(regex.pattern, in: values.own, slot.range)
            }
        } catch {
            throw SQLError(
                code: error.kind == .tooCostly ? .limitExceeded : .evaluation, message: error.message,
                suggestion: error.kind == .tooCostly ? "avoid nested repetition such as (a+)+" : nil)
        }
    }
}

extension Array where Element: Comparable {
    /// Whether an ascending array has the element.
    fileprivate func has(_ element: Element) -> Bool {
        var low = 0
        var high = count
        while low < high {
            let middle = (low + high) / 2
            if self[middle] < element { low = middle + 1 } else { high = middle }
        }
        return low < count && self[low] == element
    }
}
