import Bytes
import HTTPWire

/// Operators with two operands.
extension Machine {
    /// An operand that must be an integer, or text that spells one.
    mutating func integer(
        _ index: Int32, _ program: ESIProgram, _ page: inout Page, _ symbol: StaticString
    ) throws(ESIFault) -> Int64 {
        let value = try evaluate(index, program, &page)
        guard let integer = value.integer else { throw .notInteger(value, "\(symbol)") }
        return integer
    }

    mutating func binary(
        _ symbol: BinaryOperator, _ left: Int32, _ right: Int32, _ program: ESIProgram, _ page: inout Page
    ) throws(ESIFault) -> Value {
        let first = try evaluate(left, program, &page)
        switch symbol {
        case .or: if first.isTrue { return .bool(true) }
        case .and: if !first.isTrue { return .bool(false) }
        // `&` and `|` are logical unless both sides are integers.
        case .bitOr: if !first.isInteger, first.isTrue { return .bool(true) }
        case .bitAnd: if !first.isInteger, !first.isTrue { return .bool(false) }
        default: break
        }
        let second = try evaluate(right, program, &page)
        switch symbol {
        case .or, .and: return .bool(second.isTrue)
        case .bitOr:
            if case .integer(let a) = first, case .integer(let b) = second { return .integer(a | b) }
            return .bool(first.isTrue || second.isTrue)
        case .bitAnd:
            if case .integer(let a) = first, case .integer(let b) = second { return .integer(a & b) }
            return .bool(first.isTrue && second.isTrue)
        case .bitXor:
            if case .bool(let a) = first, case .bool(let b) = second { return .bool(a != b) }
            return .integer(try Machine.integers(first, second, "^") { $0 ^ $1 })
        case .equal: return .bool(first.equals(second))
        case .notEqual: return .bool(!first.equals(second))
        case .less: return .bool(first.order(second).map { $0 < 0 } ?? false)
        case .lessOrEqual: return .bool(first.order(second).map { $0 <= 0 } ?? false)
        case .greater: return .bool(first.order(second).map { $0 > 0 } ?? false)
        case .greaterOrEqual: return .bool(first.order(second).map { $0 >= 0 } ?? false)
        case .has: return .bool(Machine.has(first, second))
        case .hasIgnoringCase: return .bool(Machine.hasIgnoringCase(first, second))
        default: return try arithmetic(symbol, first, second, page)
        }
    }

    private func arithmetic(
        _ symbol: BinaryOperator, _ first: Value, _ second: Value, _ page: borrowing Page
    ) throws(ESIFault) -> Value {
        switch symbol {
        case .add: return try add(first, second, page)
        case .multiply: return try multiply(first, second, page)
        case .subtract:
            return .integer(try Machine.checked(first, second, "-") { $0.subtractingReportingOverflow($1) })
        case .divide:
            return .integer(try Machine.checked(first, second, "/") { $0.dividedReportingOverflow(by: $1) })
        case .remainder:
            return .integer(
                try Machine.checked(first, second, "%") { $0.remainderReportingOverflow(dividingBy: $1) })
        case .shiftLeft: return .integer(try Machine.integers(first, second, "<<") { $0 << $1 })
        default: return .integer(try Machine.integers(first, second, ">>") { $0 >> $1 })
        }
    }

    private static func integers(
        _ first: Value, _ second: Value, _ symbol: String, _ compute: (Int64, Int64) -> Int64
    ) throws(ESIFault) -> Int64 {
        guard let left = first.integer else { throw .notInteger(first, symbol) }
        guard let right = second.integer else { throw .notInteger(second, symbol) }
        return compute(left, right)
    }

    private static func checked(
        _ first: Value, _ second: Value, _ symbol: String,
        _ compute: (Int64, Int64) -> (partialValue: Int64, overflow: Bool)
    ) throws(ESIFault) -> Int64 {
        guard let left = first.integer else { throw .notInteger(first, symbol) }
        guard let right = second.integer else { throw .notInteger(second, symbol) }
        if right == 0, symbol == "/" || symbol == "%" {
            throw .expression("division_by_zero", "\(left) \(symbol) 0")
        }
        let (value, overflow) = compute(left, right)
        if overflow { throw .overflow(symbol) }
        return value
    }

    /// Adds integers, joins lists, and puts everything else together as text.
    private func add(_ first: Value, _ second: Value, _ page: borrowing Page) throws(ESIFault) -> Value {
        switch (first, second) {
        case (.integer(let a), .integer(let b)):
            let (sum, overflow) = a.addingReportingOverflow(b)
            if overflow { throw .overflow("+") }
            return .integer(sum)
        case (.list(let a), .list(let b)):
            try page.check(items: a.count + b.count)
            return .list(a + b)
        default:
            let left = first.asText
            let right = second.asText
            try page.check(size: left.bytes.count + right.bytes.count)
            return .text(Text(Array(left.bytes) + right.bytes, taint: left.taint.union(right.taint)))
        }
    }

    /// Multiplies integers, and repeats text and lists.
    private func multiply(_ first: Value, _ second: Value, _ page: borrowing Page) throws(ESIFault) -> Value {
        switch (first, second) {
        case (.text(let text), .integer(let count)), (.integer(let count), .text(let text)):
            guard count >= 0 else { throw .expression("negative_count", "a string cannot stand \(count) times") }
            let (size, overflow) = Int64(text.bytes.count).multipliedReportingOverflow(by: count)
            try page.check(size: overflow ? .max : Int(size))
            var bytes: [UInt8] = []
            bytes.reserveCapacity(Int(size))
            if !text.isEmpty { for _ in 0..<count { bytes.append(contentsOf: text.bytes) } }
            return .text(Text(bytes, taint: text.taint))
        case (.list(let items), .integer(let count)), (.integer(let count), .list(let items)):
            guard count >= 0 else { throw .expression("negative_count", "a list cannot stand \(count) times") }
            let (size, overflow) = Int64(items.count).multipliedReportingOverflow(by: count)
            try page.check(items: overflow ? .max : Int(size))
            var list: [Value] = []
            if !items.isEmpty { for _ in 0..<count { list.append(contentsOf: items) } }
            return .list(list)
        default:
            return .integer(try Machine.checked(first, second, "*") { $0.multipliedReportingOverflow(by: $1) })
        }
    }

    /// Whether a text stands in a text, a value in a list, or a key in a dictionary.
    private static func has(_ whole: Value, _ part: Value) -> Bool {
        switch whole {
        case .list(let items): return items.contains { $0.equals(part) }
        case .dictionary(let dictionary): return dictionary[part.asText] != nil
        default:
            let text = whole.asText
            let needle = part.asText
            return text.span.firstIndex(of: needle.span, from: 0) != nil
        }
    }

    private static func hasIgnoringCase(_ whole: Value, _ part: Value) -> Bool {
        if case .list(let items) = whole {
            let wanted = part.asText
            return items.contains { item in
                let text = item.asText
                return text.span.equalsIgnoringCase(wanted.span)
            }
        }
        let text = whole.asText
        let needle = part.asText
        var index = 0
        while index + needle.bytes.count <= text.bytes.count {
            if text.span.extracting(index..<index + needle.bytes.count).equalsIgnoringCase(needle.span) { return true }
            index += 1
        }
        return false
    }
}

extension Value {
    var isInteger: Bool { if case .integer = self { true } else { false } }
}

extension ESIFault {
    static func notInteger(_ value: Value, _ symbol: String) -> ESIFault {
        .expression("not_an_integer", "\(symbol) needs integers, and this is \(value.typeName)")
    }
}
