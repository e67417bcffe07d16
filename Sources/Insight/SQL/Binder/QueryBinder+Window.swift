extension QueryBinder {
    /// `TUMBLE` and `HOP`: the input's columns, then `window_start`, `window_end` and `window_time`.
    func bind(_ window: WindowReference) throws(SQLError) -> Relation {
        let input = try bind(window.input)
        let column = try timeColumn(window.timeColumn, of: input)
        let size = try interval(window.size, "the size of a window", isPositive: true)
        var offset: Int64 = 0
        if let shift = window.offset { offset = try interval(shift, "the offset of a window", isPositive: false) }
        var kind = WindowSpecification.Kind.tumble(size: size)
        if let slideExpression = window.slide {
            let slide = try interval(slideExpression, "the slide of a window", isPositive: true)
            guard slide <= size, size % slide == 0 else {
                throw SQLError(
                    .invalidQuery, "the size of a HOP window is a multiple of its slide", at: window.size.position,
                    suggestion: "HOP(TABLE t, DESCRIPTOR(time), slide, size): the slide comes first")
            }
            guard size / slide <= Int64(limits.maximumWindowsPerRow) else {
                throw SQLError(
                    .limitExceeded, "a row would be in \(size / slide) windows", at: slideExpression.position,
                    suggestion: "\(limits.maximumWindowsPerRow) are the most; slide by more")
            }
            kind = .hop(slide: slide, size: size)
        }
        let specification = WindowSpecification(kind: kind, timeColumn: column, offset: offset)
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

    private func timeColumn(_ name: Name, of input: Relation) throws(SQLError) -> Int {
        var binder = ExpressionBinder(
            scope: input.scope, limits: limits, aggregates: .refused("DESCRIPTOR"), queries: self)
        let bound = try binder.column(name)
        guard case .column(let index, let type) = bound.expression, type == .timestamp else {
            throw SQLError(
                .typeMismatch, "windows need a column of type TIMESTAMP, and \(name.text) is \(bound.type.name)",
                at: name.position,
                suggestion: input.scope.columns.first { $0.type == .timestamp }.map { "there is \($0.name)" })
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
