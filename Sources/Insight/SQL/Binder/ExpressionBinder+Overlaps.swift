extension ExpressionBinder {
    /// `(start, end) OVERLAPS (start, end)`, whichever comes first; an interval ends so long after its start.
    mutating func overlaps(_ call: FunctionCall) throws(SQLError) -> Bound {
        var bounds: [Bound] = []
        for argument in call.arguments { bounds.append(try bind(argument)) }
        guard bounds.count == 4 else { throw mismatch(call.upperName, bounds, at: call.position) }
        var least: [Bound] = []
        var greatest: [Bound] = []
        for start in [0, 2] {
            var pair = [bounds[start], bounds[start + 1]]
            if pair[1].type.isInterval { pair[1] = try apply(.add, pair, at: pair[1].position, shown: "OVERLAPS") }
            for bound in pair where ![.timestamp, .date, .time, .null].contains(bound.type) {
                throw SQLError(
                    .typeMismatch, "OVERLAPS compares times, and this is \(bound.type.name)", at: bound.position)
            }
            least.append(try extreme("LEAST", pair))
            greatest.append(try extreme("GREATEST", pair))
        }
        let first = try apply(.lessOrEqual, [least[0], greatest[1]], at: call.position, shown: "OVERLAPS")
        let second = try apply(.lessOrEqual, [least[1], greatest[0]], at: call.position, shown: "OVERLAPS")
        return try make(
            .call(.and, [first.expression, second.expression], type: .boolean), of: [first, second], at: call.position)
    }

    private func extreme(_ name: String, _ pair: [Bound]) throws(SQLError) -> Bound {
        guard let resolution = FunctionSignatures.resolve(name, pair.map(\.type)) else {
            throw mismatch("OVERLAPS", pair, at: pair[0].position)
        }
        return try apply(resolution, pair, at: pair[0].position)
    }
}
