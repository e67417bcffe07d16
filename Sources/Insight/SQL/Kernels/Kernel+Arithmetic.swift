import Columns
import Glibc

extension Kernel {
    func arithmetic(_ arguments: [Argument], _ count: Int) throws(SQLError) -> Column {
        if function == .negate { return negate(arguments[0], count) }
        let left = arguments[0]
        let right = arguments[1]
        let valid = validity(arguments, count)
        if type.isDecimal || left.type.isDecimal { return try decimalArithmetic(left, right, count) }
        if left.type.isNumeric && right.type.isNumeric || type == .null {
            if type.fieldType == .float64 { return .float64s((doubles(left, right, count), valid)) }
            return .int64s((try integers(left, right, valid, count), valid))
        }
        return try timeArithmetic(left, right, valid, count)
    }

    private func negate(_ argument: Argument, _ count: Int) -> Column {
        if type.isDecimal { return negatedDecimals(argument, count) }
        let valid = argument.operand.validity(count)
        if type.fieldType == .float64 {
            return .float64s((Loop.map(argument.operand.float64s(), count, filler: 0) { -$0 }, valid))
        }
        let values = Loop.map(argument.operand.int64s(), count, filler: 0) { 0 &- $0 }
        return .int64s((wrapped(values), valid))
    }

    private func doubles(_ left: Argument, _ right: Argument, _ count: Int) -> [Double] {
        let a = left.operand.float64s()
        let b = right.operand.float64s()
        let result: [Double]
        switch function {
        case .add: result = Loop.map(a, b, count, filler: 0) { $0 + $1 }
        case .subtract: result = Loop.map(a, b, count, filler: 0) { $0 - $1 }
        case .multiply: result = Loop.map(a, b, count, filler: 0) { $0 * $1 }
        case .divide: result = Loop.map(a, b, count, filler: 0) { $0 / $1 }
        default: result = Loop.map(a, b, count, filler: 0) { fmod($0, $1) }
        }
        return type == .float ? result.map { Double(Float($0)) } : result
    }

    private func integers(
        _ left: Argument, _ right: Argument, _ valid: Bitmap?, _ count: Int
    ) throws(SQLError) -> [Int64] {
        let a = left.operand.int64s()
        let b = right.operand.int64s()
        let isInt = type == .integer
        switch function {
        case .add:
            if isInt { return Loop.map(a, b, count, filler: 0) { Kernel.wrap32($0 &+ $1) } }
            return wrapped(Loop.map(a, b, count, filler: 0) { $0 &+ $1 })
        case .subtract:
            if isInt { return Loop.map(a, b, count, filler: 0) { Kernel.wrap32($0 &- $1) } }
            return wrapped(Loop.map(a, b, count, filler: 0) { $0 &- $1 })
        case .multiply:
            if isInt { return Loop.map(a, b, count, filler: 0) { Kernel.wrap32($0 &* $1) } }
            return wrapped(Loop.map(a, b, count, filler: 0) { $0 &* $1 })
        case .divide:
            try refuseZero(b, valid, count)
            return wrapped(Loop.map(a, b, count, filler: 0) { Kernel.divide($0, $1) })
        default:
            try refuseZero(b, valid, count)
            return wrapped(Loop.map(a, b, count, filler: 0) { $1 == 0 || $1 == -1 ? 0 : $0 % $1 })
        }
    }

    @inline(__always)
    private static func wrap32(_ value: Int64) -> Int64 { Int64(Int32(truncatingIfNeeded: value)) }

    /// Truncates; the one quotient that doesn't fit wraps, as in Java. A zero here belongs to a null row.
    @inline(__always)
    private static func divide(_ left: Int64, _ right: Int64) -> Int64 {
        right == 0 ? 0 : right == -1 ? 0 &- left : left / right
    }

    func refuseZero(_ divisor: Values<Int64>, _ valid: Bitmap?, _ count: Int) throws(SQLError) {
        if divisor.isConstant {
            if divisor[0] == 0 && (valid == nil || valid!.setCount > 0) { throw SQLError.divisionByZero }
            return
        }
        var zeros = Loop.test(divisor, Values(constant: 0), count) { $0 == $1 }
        if let valid { zeros = zeros.combined(with: valid) { $0 & $1 } }
        if zeros.setCount > 0 { throw SQLError.divisionByZero }
    }

    /// Cut to the width of the result's type.
    func wrapped(_ values: [Int64]) -> [Int64] {
        switch type {
        case .integer: values.map { Kernel.wrap32($0) }
        case .smallint: values.map { Int64(Int16(truncatingIfNeeded: $0)) }
        case .tinyint: values.map { Int64(Int8(truncatingIfNeeded: $0)) }
        default: values
        }
    }
}
