extension FunctionSignatures {
    static func resolveOperator(_ function: ScalarFunction, _ arguments: [SQLType]) -> FunctionResolution? {
        switch function {
        case .equal, .notEqual, .less, .lessOrEqual, .greater, .greaterOrEqual, .isDistinctFrom:
            guard arguments.count == 2 else { return nil }
            if let decimals = decimalComparison(function, arguments) { return decimals }
            guard let type = comparisonType(arguments[0], arguments[1]) else { return nil }
            return FunctionResolution(function, arguments, as: [type, type], type: .boolean)
        case .and, .or, .not, .isTrue, .isFalse:
            let count = function == .and || function == .or ? 2 : 1
            guard arguments.count == count, arguments.allSatisfy({ $0 == .boolean || $0 == .null }) else { return nil }
            return FunctionResolution(function, arguments, as: arguments.map { _ in .boolean }, type: .boolean)
        case .isNull:
            guard arguments.count == 1 else { return nil }
            return FunctionResolution(function, arguments, as: arguments, type: .boolean)
        case .add, .subtract, .multiply, .divide, .remainder:
            guard arguments.count == 2 else { return nil }
            return arithmetic(function, numberOfJSON(arguments[0]), numberOfJSON(arguments[1]), arguments)
        case .negate:
            guard arguments.count == 1 else { return nil }
            let type = numberOfJSON(arguments[0])
            guard type.isNumeric || type.isInterval || type == .null else { return nil }
            return FunctionResolution(function, arguments, as: [type == .null ? .integer : type], type: type)
        case .like:
            guard (2...3).contains(arguments.count) else { return nil }
            guard arguments.allSatisfy({ Parameter.text.accept($0) != nil }) else { return nil }
            return FunctionResolution(function, arguments, as: arguments.map { _ in .varchar }, type: .boolean)
        case .concat:
            guard arguments.allSatisfy({ Parameter.asText.accept($0) != nil }) else { return nil }
            return FunctionResolution(function, arguments, as: arguments.map { _ in .varchar }, type: .varchar)
        default: return nil
        }
    }

    /// Decimals are compared exactly: in one type where 38 digits are enough for that, else as they are.
    private static func decimalComparison(
        _ function: ScalarFunction, _ arguments: [SQLType]
    ) -> FunctionResolution? {
        guard arguments.contains(where: \.isDecimal), let left = arguments[0].decimalSize,
            let right = arguments[1].decimalSize
        else { return nil }
        let common = SQLType.exactCommonDecimal(arguments[0], arguments[1])
        let types = [common ?? left.type, common ?? right.type]
        return FunctionResolution(function, arguments, as: types, type: .boolean)
    }

    /// The type in which two values are compared; nil when they can't be. Text beside anything else is read as that.
    public static func comparisonType(_ left: SQLType, _ right: SQLType) -> SQLType? {
        if left.isStructured || right.isStructured {
            return (left.isDocument || left == .null) && (right.isDocument || right == .null) ? .varchar : nil
        }
        if left == .json || right == .json {
            let other = left == .json ? right : left
            if other.isNumeric { return .double }
            return other == .boolean ? .boolean : other == .json || other == .varchar || other == .null ? .varchar : nil
        }
        if let type = SQLType.common(left, right) { return type == .null ? .integer : type }
        if left == .varchar { return readableFromText(right) }
        if right == .varchar { return readableFromText(left) }
        return nil
    }

    private static func readableFromText(_ type: SQLType) -> SQLType? {
        if type.isInteger { return .bigint }
        if type.isNumeric { return .double }
        switch type {
        case .boolean, .date, .time, .timestamp, .ip: return type
        default: return nil
        }
    }

    private static func numberOfJSON(_ type: SQLType) -> SQLType { type == .json ? .double : type }

    static func remainderType(_ left: SQLType, _ right: SQLType) -> SQLType? {
        if left.isDecimal || right.isDecimal, let type = SQLType.decimalResult(of: .remainder, left, right) {
            return type
        }
        guard let type = SQLType.common(left, right), type.isNumeric else { return nil }
        return type.isInteger && right.isInteger ? right : type
    }

    private static func arithmetic(
        _ function: ScalarFunction, _ left: SQLType, _ right: SQLType, _ arguments: [SQLType]
    ) -> FunctionResolution? {
        if let type = SQLType.common(left, right), type.isNumeric || type == .null {
            if type.isDecimal { return decimalArithmetic(function, left, right, arguments) }
            var result = type == .null ? .integer : type
            let operand = result
            if function == .remainder { result = remainderType(operand, right == .null ? operand : right) ?? result }
            return FunctionResolution(function, arguments, as: [operand, operand], type: result)
        }
        let (left, right) = (left.isDecimal ? SQLType.double : left, right.isDecimal ? SQLType.double : right)
        guard let result = timeArithmetic(function, left, right) else { return nil }
        let unify = left != right && !left.isInterval && !right.isInterval && !left.isNumeric && !right.isNumeric
        return FunctionResolution(
            function, arguments, as: unify ? [.timestamp, .timestamp] : [left, right], type: result)
    }

    private static func decimalArithmetic(
        _ function: ScalarFunction, _ left: SQLType, _ right: SQLType, _ arguments: [SQLType]
    ) -> FunctionResolution? {
        // An untyped NULL is of the other's type.
        let (first, second) = (left == .null ? right : left, right == .null ? left : right)
        guard let type = SQLType.decimalResult(of: function, first, second) else { return nil }
        let operands = [first, second].map { $0.decimalSize?.type ?? $0 }
        return FunctionResolution(function, arguments, as: operands, type: type)
    }

    private static func timeArithmetic(_ function: ScalarFunction, _ left: SQLType, _ right: SQLType) -> SQLType? {
        func isTime(_ type: SQLType) -> Bool { type == .timestamp || type == .date || type == .time }
        switch function {
        case .add:
            if isTime(left) && right.isInterval { return left }
            if left.isInterval && isTime(right) { return right }
            return left.isInterval && left == right ? left : nil
        case .subtract:
            if isTime(left) && right.isInterval { return left }
            if isTime(left) && isTime(right) && (left == right || SQLType.common(left, right) != nil) {
                return .intervalDaySecond
            }
            return left.isInterval && left == right ? left : nil
        case .multiply:
            if left.isInterval && right.isNumeric { return left }
            return left.isNumeric && right.isInterval ? right : nil
        case .divide: return left.isInterval && right.isNumeric ? left : nil
        default: return nil
        }
    }
}
