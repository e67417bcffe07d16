extension FunctionSignatures {
    static func resolveOperator(_ function: ScalarFunction, _ arguments: [SQLType]) -> FunctionResolution? {
        switch function {
        case .equal, .notEqual, .less, .lessOrEqual, .greater, .greaterOrEqual, .isDistinctFrom:
            guard arguments.count == 2, let type = comparisonType(arguments[0], arguments[1]) else { return nil }
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

    /// The type in which two values are compared; nil when they can't be. Text beside anything else is read as that.
    public static func comparisonType(_ left: SQLType, _ right: SQLType) -> SQLType? {
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
        guard let type = SQLType.common(left, right), type.isNumeric else { return nil }
        return type.isInteger && right.isInteger ? right : type
    }

    private static func arithmetic(
        _ function: ScalarFunction, _ left: SQLType, _ right: SQLType, _ arguments: [SQLType]
    ) -> FunctionResolution? {
        if let type = SQLType.common(left, right), type.isNumeric || type == .null {
            var result = type == .null ? .integer : type
            if case .decimal = result { result = .double }
            let operand = result
            if function == .remainder { result = remainderType(operand, right == .null ? operand : right) ?? result }
            return FunctionResolution(function, arguments, as: [operand, operand], type: result)
        }
        guard let result = timeArithmetic(function, left, right) else { return nil }
        let unify = left != right && !left.isInterval && !right.isInterval && !left.isNumeric && !right.isNumeric
        return FunctionResolution(
            function, arguments, as: unify ? [.timestamp, .timestamp] : [left, right], type: result)
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
