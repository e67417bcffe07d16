/// Names of a query's columns.
enum OutputNames {
    /// `name`, or with the first number behind it that makes it unique (as Flink: `a`, `a0`, `a1`).
    static func unique(_ name: String, among names: inout Set<String>) -> String {
        var candidate = name
        var number = 0
        while !names.insert(candidate).inserted {
            candidate = name + String(number)
            number += 1
        }
        return candidate
    }

    /// The name of an item without an alias: its column's, or `EXPR$` and its place.
    static func derived(from expression: Expression, column: Scope.Column?, place: Int) -> String {
        if case .name = expression, let column { return column.name }
        return "EXPR$\(place)"
    }
}
