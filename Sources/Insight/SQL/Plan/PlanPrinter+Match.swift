extension PlanPrinter {
    static func text(_ match: MatchSpecification, _ fields: [PlanField], _ names: [String]) -> String {
        let variables = match.variables.map(\.name)
        let keys = match.partitionKeys.map { names[$0] }.joined(separator: ", ")
        let order = match.order.map { text($0.expression, names) + ($0.isDescending ? " DESC" : "") }
        let conditionReads = match.conditionReads.map { text($0, variables, names) }
        let measureReads = match.measureReads.map { text($0, variables, names) }
        var parts = ["match by (\(keys)) order \(order.joined(separator: ", "))"]
        parts.append("pattern (\(text(match.pattern, variables)))")
        if let within = match.within { parts.append("within \(within)") }
        parts.append("skip \(text(match.skip, variables))")
        for variable in match.variables {
            let row = variable.rowCondition.map { [text($0, names)] } ?? []
            let conditions = row + (variable.matchCondition.map { [text($0, conditionReads)] } ?? [])
            if !conditions.isEmpty { parts.append("\(variable.name) as \(conditions.joined(separator: " AND "))") }
        }
        let measures = zip(match.measures, fields.dropFirst(match.partitionKeys.count)).map { measure, field in
            "\(text(measure, measureReads)) AS \(field.name)"
        }
        if !measures.isEmpty { parts.append("measures \(measures.joined(separator: ", "))") }
        return parts.joined(separator: " ")
    }

    private static func text(_ pattern: RowPattern, _ variables: [String]) -> String {
        switch pattern {
        case .variable(let variable): return variables[variable]
        case .sequence(let parts): return parts.map { text($0, variables) }.joined(separator: " ")
        case .alternatives(let parts): return "(" + parts.map { text($0, variables) }.joined(separator: " | ") + ")"
        case .repeated(let part, let minimum, let maximum, let isReluctant):
            var inner = text(part, variables)
            if case .sequence = part { inner = "(\(inner))" }
            let bounds = maximum == minimum ? "\(minimum)" : "\(minimum),\(maximum.map(String.init) ?? "")"
            return "\(inner){\(bounds)}" + (isReluctant ? "?" : "")
        }
    }

    private static func text(_ skip: MatchSpecification.Skip, _ variables: [String]) -> String {
        switch skip {
        case .pastLastRow: "past last row"
        case .toNextRow: "to next row"
        case .toFirst(let variable): "to first \(variables[variable])"
        case .toLast(let variable): "to last \(variables[variable])"
        }
    }

    private static func text(
        _ read: MatchSpecification.Read, _ variables: [String], _ names: [String]
    ) -> String {
        let qualifier = read.variable.map { variables[$0] + "." } ?? ""
        let argument = qualifier + (read.argument.map { text($0, names) } ?? "*")
        switch read.kind {
        case .current: return argument
        case .first(let offset): return "FIRST(\(argument), \(offset))"
        case .last(let offset): return "LAST(\(argument), \(offset))"
        case .rowtime: return "MATCH_ROWTIME()"
        case .aggregate(let function):
            let call = AggregateCall(
                function: function, argument: nil, isDistinct: false, filter: nil, type: read.type)
            return text(call, []).replacing("*", with: argument)
        }
    }
}
