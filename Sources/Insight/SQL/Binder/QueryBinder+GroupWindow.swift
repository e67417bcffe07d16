/// The window of `GROUP BY TUMBLE(time, size)`: the older way to write `TABLE(TUMBLE(…))`.
struct GroupWindow {
    let specification: WindowSpecification
    /// Of the column that tells a window's start; its end and its time follow.
    let firstColumn: Int

    /// What rows are grouped by.
    var keys: [BoundExpression] { WindowSpecification.columnNames.indices.map(column) }

    func column(_ offset: Int) -> BoundExpression { .column(index: firstColumn + offset, type: .timestamp) }

    /// What the functions beside the window are called, and which of its columns they are.
    static let functions: [String: Int] = ["START": 0, "END": 1, "ROWTIME": 2]

    /// `TUMBLE_START` as the window it belongs to and the column it is.
    static func function(_ name: String) -> (window: WindowReference.Function, column: Int)? {
        guard let separator = name.lastIndex(of: "_"),
            let window = WindowReference.Function(rawValue: String(name[..<separator])), window != .cumulate,
            let column = functions[String(name[name.index(after: separator)...])]
        else { return nil }
        return (window, column)
    }
}

extension QueryBinder {
    static func isWindowCall(_ expression: Expression) -> Bool {
        guard case .call(let call) = expression, let window = WindowReference.Function(rawValue: call.upperName) else {
            return false
        }
        return window != .cumulate
    }

    /// The window in GROUP BY.
    static func windowCall(of body: SelectBody) -> FunctionCall? {
        for case .call(let call) in body.groupBy where isWindowCall(.call(call)) { return call }
        return nil
    }

    /// The input's rows with the columns of the window, which only the functions of the window name.
    func bind(
        _ call: FunctionCall, of body: SelectBody, over input: Relation
    ) throws(SQLError) -> (Relation, GroupWindow) {
        for case .call(let other) in body.groupBy where Self.isWindowCall(.call(other)) && other != call {
            throw SQLError(.unsupported, "GROUP BY has one window, and this is a second", at: other.position)
        }
        guard body.groupingSets == nil else {
            throw SQLError(
                .unsupported, "\(call.upperName) can't stand beside grouping sets", at: call.position,
                suggestion: "FROM TABLE(\(call.upperName)(…)), and window_start, window_end in GROUP BY")
        }
        var source = input
        var specification = try windowSpecification(call, over: input.scope)
        if case .session(let gap, _) = specification.kind {
            let keys = try sessionKeys(of: body, over: &source)
            specification.kind = .session(gap: gap, partition: keys)
        }
        var columns = source.scope.columns
        let window = GroupWindow(specification: specification, firstColumn: columns.count)
        for name in WindowSpecification.columnNames {
            columns.append(Scope.Column(name: "$" + name, type: .timestamp, isHidden: true))
        }
        let relation = try relation(
            .window(input: source.plan, window: specification), Scope(columns), over: [source], at: call.position)
        return (relation, window)
    }

    /// What `TUMBLE(time, size)`, `HOP(time, slide, size)` or `SESSION(time, gap)` says; of sessions without the keys.
    func windowSpecification(_ call: FunctionCall, over scope: Scope) throws(SQLError) -> WindowSpecification {
        let name = call.upperName
        let function = GroupWindow.function(name)?.window ?? WindowReference.Function(rawValue: name) ?? .tumble
        let usage =
            function == .hop
            ? "HOP(time, slide, size)"
            : function == .session
                ? "SESSION(time, gap)" : "TUMBLE(time, size)"
        let wanted = function == .hop ? 3 : 2
        guard call.arguments.count == wanted || (call.arguments.count == wanted + 1 && function != .session),
            case .name(let time) = call.arguments[0]
        else {
            throw SQLError(
                .typeMismatch, "\(name) takes a column of time and intervals", at: call.position,
                suggestion: "write " + usage.replacing(function.rawValue, with: name))
        }
        let reference = WindowReference(
            function: function, input: .table(time, alias: nil), timeColumn: time,
            slide: function == .hop ? call.arguments[1] : nil, size: call.arguments[wanted - 1],
            offset: call.arguments.count > wanted ? call.arguments[wanted] : nil, position: call.position)
        return try specification(of: reference, over: scope)
    }

    /// The columns of the keys beside `SESSION`, which is of each key for itself. Those that are computed are put behind the
    /// input's columns.
    private func sessionKeys(of body: SelectBody, over input: inout Relation) throws(SQLError) -> [Int] {
        var keys: [Int] = []
        var computed: [BoundExpression] = []
        for expression in body.groupBy where !Self.isWindowCall(expression) {
            var binder = ExpressionBinder(
                scope: input.scope, limits: limits, aggregates: .refused("GROUP BY"), queries: self)
            let bound = try binder.bind(Self.meant(by: expression, in: body, input.scope)).expression
            if case .column(let index, _) = bound {
                keys.append(index)
            } else {
                keys.append(input.scope.columns.count + computed.count)
                computed.append(bound)
            }
        }
        guard !computed.isEmpty else { return keys }
        let columns = input.scope.columns.enumerated().map { BoundExpression.column(index: $0, type: $1.type) }
        let hidden = computed.enumerated().map { Scope.Column(name: "$key\($0)", type: $1.type, isHidden: true) }
        let scope = Scope(input.scope.columns + hidden)
        let fields = scope.columns.map { PlanField(name: $0.name, type: $0.type) }
        input = try relation(
            .project(input: input.plan, expressions: columns + computed, fields: fields), scope, over: [input],
            at: body.position)
        return keys
    }

    /// The expression that a place or an alias in GROUP BY stands for.
    private static func meant(by expression: Expression, in body: SelectBody, _ scope: Scope) -> Expression {
        if case .literal(.integer(let place), _) = expression, place >= 1, place <= Int64(body.items.count),
            case .expression(let item, _) = body.items[Int(place) - 1]
        {
            return item
        }
        guard case .name(let name) = expression, case .unknown = scope.resolve(name.text) else { return expression }
        for case .expression(let item, let alias?) in body.items where alias.text == name.text { return item }
        return expression
    }
}

extension ExpressionBinder {
    /// `TUMBLE_START` and the like: a column of the window in GROUP BY; `nil` for other functions, and where there is no
    /// such window.
    mutating func windowFunction(_ call: FunctionCall) throws(SQLError) -> Bound? {
        guard let groupWindow, let queries else { return nil }
        let name = call.upperName
        if name.hasSuffix("_PROCTIME"), WindowReference.Function(rawValue: String(name.dropLast(9))) != nil {
            throw SQLError(
                .unsupported, "\(name) is not supported: windows are of event time", at: call.position,
                suggestion: "\(name.dropLast(9))_ROWTIME is the window's last millisecond")
        }
        guard let function = GroupWindow.function(name) else { return nil }
        var wanted = groupWindow.specification
        if case .session(let gap, _) = wanted.kind { wanted.kind = .session(gap: gap, partition: []) }
        let described = WindowReference.Function(wanted.kind)
        guard function.window == described, try queries.windowSpecification(call, over: scope) == wanted else {
            throw SQLError(
                .invalidQuery, "\(name) is of another window than GROUP BY has", at: call.position,
                suggestion: "give it the arguments of \(described.rawValue) in GROUP BY")
        }
        return Bound(expression: groupWindow.column(function.column), size: 1, position: call.position)
    }
}

extension WindowReference.Function {
    fileprivate init(_ kind: WindowSpecification.Kind) {
        switch kind {
        case .tumble: self = .tumble
        case .hop: self = .hop
        case .cumulate: self = .cumulate
        case .session: self = .session
        }
    }
}
