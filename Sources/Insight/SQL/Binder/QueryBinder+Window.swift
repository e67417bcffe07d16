extension QueryBinder {
    /// `TUMBLE` and `HOP`: the input's columns, then `window_start`, `window_end` and `window_time`.
    func bind(_ window: WindowReference) throws(SQLError) -> Relation {
        let input = try bind(window.input)
        let specification = try specification(of: window, over: input.scope)
        var columns = input.scope.columns
        let qualifier = columns.first?.qualifier
        var names = Set(columns.map(\.name))
        for name in WindowSpecification.columnNames {
            let unique = OutputNames.unique(name, among: &names)
            columns.append(Scope.Column(qualifier: qualifier, name: unique, type: .timestamp))
        }
        return try relation(
            .window(input: input.plan, window: specification), Scope(columns), over: [input], at: window.position)
    }

    func specification(
        of window: WindowReference, over scope: Scope
    ) throws(SQLError) -> WindowSpecification {
        let column = try timeColumn(window.timeColumn, of: scope)
        var offset: Int64 = 0
        if let shift = window.offset { offset = try interval(shift, "the offset of a window", isPositive: false) }
        var specification = WindowSpecification(
            kind: try kind(of: window, over: scope), timeColumn: column, offset: offset)
        specification.keepsInput = keepsWindowInputs
        return specification
    }

    private func kind(
        of window: WindowReference, over input: Scope
    ) throws(SQLError) -> WindowSpecification.Kind {
        let size = try interval(
            window.size, "the \(window.function.sizeName.lowercased()) of a window", isPositive: true)
        if window.function == .session {
            var partition: [Int] = []
            for name in window.partition { partition.append(try sessionKey(name, of: input)) }
            return .session(gap: size, partition: partition)
        }
        guard let stepExpression = window.slide, let stepName = window.function.stepName?.lowercased() else {
            return .tumble(size: size)
        }
        let function = window.function.rawValue
        let step = try interval(stepExpression, "the \(stepName) of a window", isPositive: true)
        guard step <= size, size % step == 0 else {
            throw SQLError(
                .invalidQuery, "the size of a \(function) window is a multiple of its \(stepName)",
                at: window.size.position,
                suggestion: "\(function)(TABLE t, DESCRIPTOR(time), \(stepName), size): the \(stepName) comes first")
        }
        guard size / step <= Int64(limits.maximumWindowsPerRow) else {
            throw SQLError(
                .limitExceeded, "a row would be in \(size / step) windows", at: stepExpression.position,
                suggestion:
                    "\(limits.maximumWindowsPerRow) are the most; \(stepName == "step" ? "step" : "slide") by more")
        }
        return window.function == .hop ? .hop(slide: step, size: size) : .cumulate(step: step, size: size)
    }

    private func sessionKey(_ name: Name, of input: Scope) throws(SQLError) -> Int {
        var binder = ExpressionBinder(
            scope: input, limits: limits, aggregates: .refused("PARTITION BY"), queries: self)
        let bound = try binder.column(name)
        guard case .column(let index, _) = bound.expression else {
            throw SQLError(.invalidQuery, "a key of SESSION is a column", at: name.position)
        }
        return index
    }

    private func timeColumn(_ name: Name, of input: Scope) throws(SQLError) -> Int {
        var binder = ExpressionBinder(
            scope: input, limits: limits, aggregates: .refused("DESCRIPTOR"), queries: self)
        let bound = try binder.column(name)
        guard case .column(let index, let type) = bound.expression, type == .timestamp else {
            throw SQLError(
                .typeMismatch, "windows need a column of type TIMESTAMP, and \(name.text) is \(bound.type.name)",
                at: name.position,
                suggestion: input.columns.first { $0.type == .timestamp }.map { "there is \($0.name)" })
        }
        return index
    }

    /// A constant interval in microseconds.
    func interval(_ expression: Expression, _ what: String, isPositive: Bool) throws(SQLError) -> Int64 {
        var binder = ExpressionBinder(
            scope: Scope(), limits: limits, aggregates: .refused("an interval"), queries: self)
        let bound = try binder.bind(expression)
        guard case .literal(.int64(let microseconds), .intervalDaySecond) = bound.expression else {
            throw SQLError(
                .typeMismatch, "\(what) is a constant interval of days or less", at: bound.position,
                suggestion: "for instance INTERVAL '10' SECOND")
        }
        guard !isPositive || microseconds > 0 else {
            throw SQLError(.invalidQuery, "\(what) is more than zero", at: bound.position)
        }
        return microseconds
    }
}

extension WindowSpecification {
    /// What a window function appends to its input, all TIMESTAMP. `window_time` is the window's
    /// end less one millisecond.
    static let columnNames = ["window_start", "window_end", "window_time"]
}
