/// Every operator and scalar function the kernels know. The binder resolves names to these.
public enum ScalarFunction: String, Hashable, Sendable, CaseIterable {
    // Comparison and logic (three-valued)
    case equal = "="
    case notEqual = "<>"
    case less = "<"
    case lessOrEqual = "<="
    case greater = ">"
    case greaterOrEqual = ">="
    case isDistinctFrom = "IS DISTINCT FROM"
    case and = "AND"
    case or = "OR"
    case not = "NOT"
    case isNull = "IS NULL"
    case isTrue = "IS TRUE"
    case isFalse = "IS FALSE"
    // Arithmetic; integers wrap as in Flink, division by zero is an error for integers
    case add = "+"
    case subtract = "-"
    case multiply = "*"
    case divide = "/"
    case remainder = "%"
    case negate = "NEGATE"
    // Text
    case like = "LIKE"
    case concat = "||"
}
