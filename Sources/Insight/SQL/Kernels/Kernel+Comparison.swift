import Bytes
import Columns

extension Kernel {
    func comparison(_ arguments: [Argument], _ count: Int) -> Column {
        let left = arguments[0]
        let right = arguments[1]
        let valid = validity(arguments, count)
        switch function {
        case .isDistinctFrom: return isDistinct(left, right, count)
        case .nullIf: return nullIf(left, right, count)
        default: return .bools(compare(function, left, right, count), valid)
        }
    }

    /// Nulls are equal to each other and to nothing else.
    private func isDistinct(_ left: Argument, _ right: Argument, _ count: Int) -> Column {
        let differ = compare(.notEqual, left, right, count)
        let leftValid = left.operand.validity(count)
        let rightValid = right.operand.validity(count)
        if leftValid == nil && rightValid == nil { return .bools(differ, nil) }
        let all = Bitmap(repeating: true, count: count)
        let first = leftValid ?? all
        let second = rightValid ?? all
        let oneNull = first.combined(with: second) { $0 ^ $1 }
        let bothThere = first.combined(with: second) { $0 & $1 }
        let result = differ.combined(with: bothThere) { $0 & $1 }.combined(with: oneNull) { $0 | $1 }
        return .bools(result, nil)
    }

    private func nullIf(_ left: Argument, _ right: Argument, _ count: Int) -> Column {
        let column: Column
        switch left.operand {
        case .constant(let value): column = .repeating(value, type: type.fieldType, count: count)
        case .column(let values): column = values
        }
        let known = validity([left, right], count)
        var equal = compare(.equal, left, right, count)
        if let known { equal = equal.combined(with: known) { $0 & $1 } }
        return column.masked(Bitmap.both(column.validity, equal.inverted))
    }

    /// Bits of rows with a null are meaningless.
    func compare(_ function: ScalarFunction, _ left: Argument, _ right: Argument, _ count: Int) -> Bitmap {
        // An untyped NULL beside anything: no row counts.
        if left.operand.isConstantNull || right.operand.isConstantNull { return Bitmap(repeating: false, count: count) }
        switch left.type.fieldType {
        case .int64, .timestamp: return ordered(function, left.operand.int64s(), right.operand.int64s(), count)
        case .float64: return doubles(function, left.operand.float64s(), right.operand.float64s(), count)
        case .decimal: return decimals(function, left, right, count)
        case .ip: return ordered(function, left.operand.addresses(), right.operand.addresses(), count)
        case .bool:
            let first = left.operand.bits(count)
            let second = right.operand.bits(count)
            return first.combined(with: second, Kernel.wordOperation(function))
        case .string, .bytes, .json: return texts(function, left.operand.texts(), right.operand.texts(), count)
        }
    }

    /// Three loops do for six comparisons, as the order is total; a constant stands on the right.
    private func ordered<Element: Comparable>(
        _ function: ScalarFunction, _ left: Values<Element>, _ right: Values<Element>, _ count: Int
    ) -> Bitmap {
        if left.isConstant && !right.isConstant { return ordered(function.mirrored, right, left, count) }
        switch function {
        case .equal: return Loop.test(left, right, count) { $0 == $1 }
        case .notEqual: return Loop.test(left, right, count) { $0 == $1 }.inverted
        case .less: return Loop.test(left, right, count) { $0 < $1 }
        case .greaterOrEqual: return Loop.test(left, right, count) { $0 < $1 }.inverted
        case .greater: return Loop.test(left, right, count) { $0 > $1 }
        default: return Loop.test(left, right, count) { $0 > $1 }.inverted
        }
    }

    /// As Java's primitives: NaN is unequal to everything, and no comparison with it is true.
    private func doubles(
        _ function: ScalarFunction, _ left: Values<Double>, _ right: Values<Double>, _ count: Int
    ) -> Bitmap {
        if left.isConstant && !right.isConstant { return doubles(function.mirrored, right, left, count) }
        switch function {
        case .lessOrEqual: return Loop.test(left, right, count) { $0 <= $1 }
        case .greaterOrEqual: return Loop.test(left, right, count) { $0 >= $1 }
        default: return ordered(function, left, right, count)
        }
    }

    /// Of one scale mostly; where 38 digits were too few for one, of two.
    private func decimals(_ function: ScalarFunction, _ left: Argument, _ right: Argument, _ count: Int) -> Bitmap {
        let (first, second) = (left.operand.decimals(), right.operand.decimals())
        let scales = (left.type.fieldType.decimalScale ?? 0, right.type.fieldType.decimalScale ?? 0)
        if scales.0 == scales.1 { return ordered(function, first, second, count) }
        let leftPower = PowersOfTen.int128[max(scales.1 - scales.0, 0)]
        let rightPower = PowersOfTen.int128[max(scales.0 - scales.1, 0)]
        let orders = Loop.map(first, second, count, filler: 0) { DecimalMath.compare($0, leftPower, $1, rightPower) }
        return ordered(function, Values(column: orders), Values(constant: 0), count)
    }

    /// False is before true.
    private static func wordOperation(_ function: ScalarFunction) -> (UInt64, UInt64) -> UInt64 {
        switch function {
        case .equal: { ~($0 ^ $1) }
        case .notEqual: { $0 ^ $1 }
        case .less: { ~$0 & $1 }
        case .lessOrEqual: { ~$0 | $1 }
        case .greater: { $0 & ~$1 }
        default: { $0 | ~$1 }
        }
    }

    /// By bytes, which for UTF-8 is by code points.
    private func texts(_ function: ScalarFunction, _ left: Texts, _ right: Texts, _ count: Int) -> Bitmap {
        switch function {
        case .equal, .notEqual:
            let isEqual = function == .equal
            if right.isConstant && left.isPlain { return equal(left, to: right.array(0), count, isEqual) }
            if left.isConstant && right.isPlain { return equal(right, to: left.array(0), count, isEqual) }
            return Bitmap(count: count) { ByteOrder.areEqual(left.text($0), right.text($0)) == isEqual }
        case .less: return Bitmap(count: count) { ByteOrder.compare(left.text($0), right.text($0)) < 0 }
        case .lessOrEqual: return Bitmap(count: count) { ByteOrder.compare(left.text($0), right.text($0)) <= 0 }
        case .greater: return Bitmap(count: count) { ByteOrder.compare(left.text($0), right.text($0)) > 0 }
        default: return Bitmap(count: count) { ByteOrder.compare(left.text($0), right.text($0)) >= 0 }
        }
    }

    /// Most rows differ in length or in the first byte already.
    private func equal(_ column: Texts, to constant: [UInt8], _ count: Int, _ isEqual: Bool) -> Bitmap {
        let offsets = column.values.offsets
        let bytes = column.values.bytes
        let length = UInt32(constant.count)
        if length == 0 { return Bitmap(count: count) { (offsets[$0 + 1] == offsets[$0]) == isEqual } }
        let first = constant[0]
        return Bitmap(count: count) { row in
            let start = offsets[row]
            if offsets[row + 1] - start != length || bytes[Int(start)] != first { return !isEqual }
            let text = bytes.span.extracting(Int(start)..<Int(start + length))
            return ByteOrder.areEqual(text, constant.span) == isEqual
        }
    }
}

extension ScalarFunction {
    /// The comparison that says the same with its sides exchanged.
    var mirrored: ScalarFunction {
        switch self {
        case .less: .greater
        case .lessOrEqual: .greaterOrEqual
        case .greater: .less
        case .greaterOrEqual: .lessOrEqual
        default: self
        }
    }
}

/// Order and equality of byte strings, eight bytes at a time.
enum ByteOrder {
    @inline(__always)
    static func areEqual(_ left: Span<UInt8>, _ right: Span<UInt8>) -> Bool {
        let count = left.count
        if count != right.count { return false }
        let first = left.bytes
        let second = right.bytes
        var index = 0
        while index &+ 8 <= count {
            if word(first, index) != word(second, index) { return false }
            index &+= 8
        }
        while index < count {
            if left[index] != right[index] { return false }
            index &+= 1
        }
        return true
    }

    /// Below 0 where `left` is first, 0 where they are equal.
    @inline(__always)
    static func compare(_ left: Span<UInt8>, _ right: Span<UInt8>) -> Int {
        let count = min(left.count, right.count)
        let first = left.bytes
        let second = right.bytes
        var index = 0
        while index &+ 8 <= count {
            let a = word(first, index)
            let b = word(second, index)
            if a != b { return a.bigEndian < b.bigEndian ? -1 : 1 }
            index &+= 8
        }
        while index < count {
            if left[index] != right[index] { return left[index] < right[index] ? -1 : 1 }
            index &+= 1
        }
        return left.count - right.count
    }

    @inline(__always)
    private static func word(_ bytes: RawSpan, _ index: Int) -> UInt64 {
        bytes.unsafeLoadUnaligned(fromByteOffset: index, as: UInt64.self)
    }
}
