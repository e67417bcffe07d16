import Bytes
import Columns

/// Arithmetic of decimals. A result that does not fit its type is null, as in Flink.
extension Kernel {
    func decimalArithmetic(_ left: Argument, _ right: Argument, _ count: Int) throws(SQLError) -> Column {
        let valid = validity([left, right], count)
        guard let first = left.type.decimalSize, let second = right.type.decimalSize,
            let scale = type.decimalSize?.scale
        else { preconditionFailure("\(function) of decimals over \(left.type.name) and \(right.type.name)") }
        let operands = DecimalOperands(left: left.operand.decimals(), right: right.operand.decimals(), count: count)
        switch function {
        case .add, .subtract: return sums(operands, first, second, scale, valid)
        case .multiply: return products(operands, first, second, scale, valid)
        default:
            try refuseZero(operands.right, valid, count)
            return function == .divide
                ? quotients(operands, shift: scale + second.scale - first.scale, valid)
                : remainders(operands, first.scale, second.scale, valid)
        }
    }

    private func sums(
        _ operands: DecimalOperands, _ first: SQLType.DecimalSize, _ second: SQLType.DecimalSize, _ scale: Int,
        _ valid: Bitmap?
    ) -> Column {
        let powers = PowersOfTen.int128
        let common = max(first.scale, second.scale)
        let (a, b) = (powers[common - first.scale], powers[common - second.scale])
        let (left, right, count) = (operands.left, operands.right, operands.count)
        let sign: Int128 = function == .subtract ? -1 : 1
        if max(first.wholeDigits, second.wholeDigits) + common < SQLType.maximumPrecision {
            // The type has room for every sum.
            if a == 1, b == 1 {
                if sign < 0 { return decimals((Loop.map(left, right, count, filler: 0) { $0 &- $1 }, valid)) }
                return decimals((Loop.map(left, right, count, filler: 0) { $0 &+ $1 }, valid))
            }
            return decimals((Loop.map(left, right, count, filler: 0) { $0 &* a &+ $1 &* b &* sign }, valid))
        }
        let drop = powers[common - scale]
        return decimals(
            Loop.mapValid(count, valid, filler: 0) { row in
                DecimalMath.sum(left[row], a, right[row] &* sign, b, by: drop)
            })
    }

    private func products(
        _ operands: DecimalOperands, _ first: SQLType.DecimalSize, _ second: SQLType.DecimalSize, _ scale: Int,
        _ valid: Bitmap?
    ) -> Column {
        let (left, right, count) = (operands.left, operands.right, operands.count)
        let wordDigits = 18
        if first.precision <= wordDigits, second.precision <= wordDigits {
            return decimals(
                (
                    Loop.map(left, right, count, filler: 0) {
                        Int128(Int64(truncatingIfNeeded: $0)) &* Int128(Int64(truncatingIfNeeded: $1))
                    }, valid
                ))
        }
        if first.precision + second.precision < SQLType.maximumPrecision {
            return decimals((Loop.map(left, right, count, filler: 0) { $0 &* $1 }, valid))
        }
        let dropped = first.scale + second.scale - scale
        guard dropped <= SQLType.maximumPrecision else {
            return decimals(
                Loop.mapValid(count, valid, filler: 0) { row in DecimalMath.smallProduct(left[row], right[row]) })
        }
        let power = PowersOfTen.int128[dropped]
        return decimals(
            Loop.mapValid(count, valid, filler: 0) { row in DecimalMath.product(left[row], right[row], by: power) })
    }

    private func quotients(_ operands: DecimalOperands, shift: Int, _ valid: Bitmap?) -> Column {
        let (left, right) = (operands.left, operands.right)
        return decimals(
            Loop.mapValid(operands.count, valid, filler: 0) { row in
                DecimalMath.quotient(left[row], right[row], shift: shift)
            })
    }

    private func remainders(_ operands: DecimalOperands, _ first: Int, _ second: Int, _ valid: Bitmap?) -> Column {
        let powers = PowersOfTen.int128
        let (a, b) = (powers[max(second - first, 0)], powers[max(first - second, 0)])
        let (left, right) = (operands.left, operands.right)
        let made = Loop.mapValid(operands.count, valid, filler: 0) { row in
            DecimalMath.remainder(left[row], a, right[row], b)
        }
        if type.isDecimal { return decimals(made) }
        // By an integer: nearer to zero than that.
        let integers = made.values.map { Int64(truncatingIfNeeded: $0) }
        return Column(type: .int64, count: integers.count, validity: made.validity, storage: .int64(integers))
    }

    func refuseZero(_ divisor: Values<Int128>, _ valid: Bitmap?, _ count: Int) throws(SQLError) {
        var zeros = Loop.test(divisor, Values(constant: 0), count) { $0 == $1 }
        if let valid { zeros = zeros.combined(with: valid) { $0 & $1 } }
        if zeros.setCount > 0 { throw SQLError.divisionByZero }
    }

    func negatedDecimals(_ argument: Argument, _ count: Int) -> Column {
        let values = Loop.map(argument.operand.decimals(), count, filler: 0) { 0 &- $0 }
        return decimals((values, argument.operand.validity(count)))
    }

    /// `ABS`, `CEIL`, `FLOOR`, `SIGN`, `ROUND` and `TRUNCATE`.
    func roundedDecimals(_ arguments: [Argument], _ count: Int) -> Column {
        let valid = validity(arguments, count)
        let values = arguments[0].operand.decimals()
        guard case .decimal(_, let scale) = arguments[0].type else { preconditionFailure("not a decimal") }
        let unit = PowersOfTen.int128[scale]
        switch function {
        case .abs: return decimals((Loop.map(values, count, filler: 0) { $0 < 0 ? 0 &- $0 : $0 }, valid))
        case .sign: return decimals((Loop.map(values, count, filler: 0) { $0.signum() &* unit }, valid))
        case .ceil:
            return decimals((Loop.map(values, count, filler: 0) { DecimalMath.whole($0, by: unit, .up) }, valid))
        case .floor:
            return decimals((Loop.map(values, count, filler: 0) { DecimalMath.whole($0, by: unit, .down) }, valid))
        default: return roundedToDigits(arguments, values, scale, valid, count)
        }
    }

    private func roundedToDigits(
        _ arguments: [Argument], _ values: Values<Int128>, _ scale: Int, _ valid: Bitmap?, _ count: Int
    ) -> Column {
        guard case .decimal(let precision, let target) = type else { preconditionFailure("not a decimal") }
        let digits = arguments.count > 1 ? arguments[1].operand.int64s() : Values(constant: 0)
        let powers = PowersOfTen.int128
        let limit = powers[precision]
        let isRound = function == .round
        return decimals(
            Loop.mapValid(count, valid, filler: 0) { row in
                let kept = Int(digits[row].clamped(-38, Int64(scale)))
                let value = values[row]
                if scale - kept > SQLType.maximumPrecision { return 0 }
                let power = powers[scale - kept]
                let cut =
                    isRound ? DecimalMath.rounded(value, by: power) : DecimalMath.whole(value, by: power, .cut)
                let (result, overflow) = cut.multipliedReportingOverflow(by: powers[target - kept])
                return overflow ? nil : DecimalMath.within(result, limit)
            })
    }

    private func decimals(_ made: (values: [Int128], validity: Bitmap?)) -> Column { .decimals(made, type.fieldType) }
}

/// The two sides of an operation.
private struct DecimalOperands {
    let left: Values<Int128>
    let right: Values<Int128>
    let count: Int
}

extension Column {
    static func decimals(_ made: (values: [Int128], validity: Bitmap?), _ type: FieldType) -> Column {
        Column(type: type, count: made.values.count, validity: made.validity, storage: .decimal(made.values))
    }
}
