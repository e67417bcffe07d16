extension LogicalPlan: CustomStringConvertible {
    /// One node a line, inputs indented under it.
    public var description: String { PlanPrinter.lines(self, indent: 0).joined(separator: "\n") }
}

/// Plans as text, for logs and tests.
enum PlanPrinter {
    static func lines(_ plan: LogicalPlan, indent: Int) -> [String] {
        let (head, inputs) = node(plan)
        return [String(repeating: "  ", count: indent) + head] + inputs.flatMap { lines($0, indent: indent + 1) }
    }

    private static func node(_ plan: LogicalPlan) -> (String, [LogicalPlan]) {
        switch plan {
        case .scan(let table, let columns, let predicate):
            let names = columns.map { table.fields[$0].name }
            let condition = predicate.map { " where " + text($0, names) } ?? ""
            return ("scan \(table.name) [\(names.joined(separator: ", "))]" + condition, [])
        case .values(let rows, let fields):
            let shown = rows.map { "(" + $0.map { text($0, []) }.joined(separator: ", ") + ")" }
            return ("values [\(list(fields))] " + shown.joined(separator: ", "), [])
        case .filter(let input, let predicate):
            return ("filter " + text(predicate, names(input)), [input])
        case .project(let input, let expressions, let fields):
            let names = names(input)
            let shown = zip(expressions, fields).map { expression, field in
                let value = text(expression, names)
                return value == field.name ? value : "\(value) AS \(field.name)"
            }
            return ("project " + shown.joined(separator: ", "), [input])
        case .window(let input, let window): return (text(window, names(input)), [input])
        case .expand(let input, let projections, let fields):
            return (text(projections, fields, names(input)), [input])
        case .aggregate(let input, let keys, let aggregates, _):
            let names = names(input)
            let shown = aggregates.map { text($0, names) }.joined(separator: ", ")
            return ("aggregate by (\(keys.map { text($0, names) }.joined(separator: ", "))) \(shown)", [input])
        case .unnest(let input, let list):
            let value = text(list.expression, names(input))
            let head = list.isCount ? "repeat \(value) times" : "unnest \(value)"
            return (head + (list.keepsEmpty ? " or nothing" : ""), [input])
        case .sample(let input, let sample): return ("sample " + text(sample, names(input)), [input])
        case .match(let input, let match, let fields): return (text(match, fields, names(input)), [input])
        case .over(let input, let over): return (text(over, names(input)), [input])
        case .distinct(let input): return ("distinct", [input])
        case .sort(let input, let keys):
            let names = names(input)
            return ("sort " + keys.map { text($0, names) }.joined(separator: ", "), [input])
        case .limit(let input, let count, let offset):
            return ("limit \(count.map(String.init) ?? "all")" + (offset > 0 ? " offset \(offset)" : ""), [input])
        case .join(let left, let right, let join):
            let keys = zip(join.leftKeys, join.rightKeys).map { text($0, names(left)) + " = " + text($1, names(right)) }
            let rest = join.residual.map { " where " + text($0, names(left) + names(right)) } ?? ""
            let kind = join.kind.rawValue.lowercased() + (join.lookup == nil ? " join" : " lookup join")
            let nulls = join.isNullAware ? " null may be equal" : ""
            return ("\(kind) (\(keys.joined(separator: ", ")))" + nulls + rest, [left, right])
        case .union(let inputs): return ("union", inputs)
        }
    }

    private static func names(_ plan: LogicalPlan) -> [String] { plan.fields.map(\.name) }

    private static func list(_ fields: [PlanField]) -> String { fields.map(\.name).joined(separator: ", ") }

    private static func text(_ window: WindowSpecification, _ names: [String]) -> String {
        let shift = window.offset == 0 ? "" : " offset \(window.offset)"
        let time = names[window.timeColumn]
        switch window.kind {
        case .tumble(let size): return "tumble \(time) size \(size)" + shift
        case .cumulate(let step, let size): return "cumulate \(time) step \(step) size \(size)" + shift
        case .session(let gap, let partition):
            let keys = partition.isEmpty ? "" : " by " + partition.map { names[$0] }.joined(separator: ", ")
            return "session \(time)\(keys) gap \(gap)"
        case .hop(let slide, let size): return "hop \(time) slide \(slide) size \(size)" + shift
        }
    }

    /// What differs between the copies of a row.
    private static func text(
        _ projections: [[BoundExpression]], _ fields: [PlanField], _ names: [String]
    ) -> String {
        let different = fields.indices.filter { index in projections.contains { $0[index] != projections[0][index] } }
        let copies = projections.map { copy in
            "(" + different.map { text(copy[$0], names) }.joined(separator: ", ") + ")"
        }
        return "expand (\(different.map { fields[$0].name }.joined(separator: ", "))) to "
            + copies.joined(separator: ", ")
    }

    private static func text(_ sample: SampleSpecification, _ names: [String]) -> String {
        switch sample {
        case .random(let fraction, let seed): "random \(fraction)" + (seed.map { " seed \($0)" } ?? "")
        case .sticky(let fraction, let keys, let salt):
            "sticky (\(keys.map { text($0, names) }.joined(separator: ", "))) \(fraction) salt \(salt)"
        case .rate(let rows, let time, let appendsWeight):
            "rps \(rows) by \(names[time])" + (appendsWeight ? " weighted" : "")
        }
    }

    static func text(_ call: AggregateCall, _ names: [String]) -> String {
        let argument = call.argument.map { text($0, names) } ?? "*"
        let inside = (call.isDistinct ? "DISTINCT " : "") + argument
        let filter = call.filter.map { " FILTER \(text($0, names))" } ?? ""
        switch call.function {
        case .countAll, .count: return "COUNT(\(inside))" + filter
        case .sum: return "SUM(\(inside))" + filter
        case .min: return "MIN(\(inside))" + filter
        case .max: return "MAX(\(inside))" + filter
        case .avg: return "AVG(\(inside))" + filter
        case .first: return "FIRST_VALUE(\(inside))" + filter
        case .last: return "LAST_VALUE(\(inside))" + filter
        case .variance(let variance): return "\(variance.name)(\(inside))" + filter
        case .concatenation(let parts):
            let separator = ", '\(String(decoding: parts.separator, as: UTF8.self))'"
            switch parts.open {
            case AggregateCall.Concatenation.array.open: return "ARRAY_AGG(\(inside))" + filter
            case AggregateCall.Concatenation.object.open: return "JSON_OBJECTAGG(\(inside))" + filter
            default: return "LISTAGG(\(inside)\(separator))" + filter
            }
        case .percentile(let fraction): return "PERCENTILE(\(inside), \(fraction))" + filter
        case .approxCountDistinct: return "APPROX_COUNT_DISTINCT(\(inside))" + filter
        case .approxPercentile(let fraction): return "APPROX_PERCENTILE(\(inside), \(fraction))" + filter
        }
    }

    static func text(_ expression: BoundExpression, _ names: [String]) -> String {
        switch expression {
        case .column(let index, _): return index < names.count ? names[index] : "#\(index)"
        case .literal(let value, let type): return text(value, type)
        case .call(.sortedItem, let arguments, _): return sortedItem(arguments, names)
        case .call(let function, let arguments, _): return text(function, arguments.map { text($0, names) })
        case .cast(let operand, let type, let isTry):
            return "\(isTry ? "TRY_CAST" : "CAST")(\(text(operand, names)) AS \(type.name))"
        case .caseWhen(let branches, let otherwise, _):
            let shown = branches.map { "WHEN \(text($0.condition, names)) THEN \(text($0.result, names))" }
            return "CASE \(shown.joined(separator: " ")) ELSE \(text(otherwise, names)) END"
        case .anyElement(let list, let captures, let predicate):
            return "ANY(\(text(list, names)): \(text(predicate, ["element"] + captures.map { text($0, names) })))"
        case .inList(let operand, let values, let isNegated):
            let shown = values.map { text($0, operand.type) }.joined(separator: ", ")
            return "(\(text(operand, names)) \(isNegated ? "NOT " : "")IN (\(shown)))"
        }
    }

    private static func sortedItem(_ arguments: [BoundExpression], _ names: [String]) -> String {
        guard case .literal(.bytes(let told), _) = arguments[arguments.count - 1] else { return "" }
        let keys = zip(arguments.dropFirst().dropLast(), SortedItem.orders(told)).map { key, order in
            text(
                SortKey(expression: key, isDescending: order.isDescending, nullsFirst: order.nullsFirst), names)
        }
        return text(arguments[0], names) + " ORDER BY " + keys.joined(separator: ", ")
    }

    private static func text(_ function: ScalarFunction, _ arguments: [String]) -> String {
        switch function {
        case .isNull, .isTrue, .isFalse: "(\(arguments[0]) \(function.rawValue))"
        case .not: "NOT \(arguments[0])"
        case .negate: "-\(arguments[0])"
        case .equal, .notEqual, .less, .lessOrEqual, .greater, .greaterOrEqual, .and, .or, .add, .subtract, .multiply,
            .divide, .remainder, .isDistinctFrom:
            "(\(arguments.joined(separator: " \(function.rawValue) ")))"
        default: "\(function.rawValue)(\(arguments.joined(separator: ", ")))"
        }
    }

    private static func text(_ value: Value, _ type: SQLType) -> String {
        switch (value, type) {
        case (.null, _): "NULL"
        case (.bytes(let bytes), .varbinary): "X'" + bytes.map { String($0, radix: 16) }.joined() + "'"
        case (.bytes(let bytes), _): "'" + String(decoding: bytes, as: UTF8.self) + "'"
        case (.ip(let address), _): "\(type.name) \(address)"
        case (_, .date), (_, .time), (_, .timestamp), (_, .intervalDaySecond), (_, .intervalYearMonth):
            "\(type.name) \(ConstantFolding.shown(value))"
        default: ConstantFolding.shown(value, type)
        }
    }
}

extension BoundExpression {
    /// The expression as text over the names of its input's columns; equal expressions over equal names read the same.
    public func text(over fields: [PlanField]) -> String { PlanPrinter.text(self, fields.map(\.name)) }
}

extension AggregateCall {
    /// As `BoundExpression.text(over:)`.
    public func text(over fields: [PlanField]) -> String { PlanPrinter.text(self, fields.map(\.name)) }
}
