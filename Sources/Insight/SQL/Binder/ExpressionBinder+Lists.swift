/// ARRAY, MAP and ROW: constructors, access, functions. In memory all are JSON; types are put around what is read.
extension ExpressionBinder {
    mutating func listCall(_ call: FunctionCall) throws(SQLError) -> Bound? {
        switch call.upperName {
        case "ARRAY": return try array(call)
        case "MAP": return try map(call)
        case "ROW": return try row(call)
        case "JSON_ELEMENT":
            guard call.arguments.count == 2, case .literal(.text(let path), let position) = call.arguments[1] else {
                return nil
            }
            return try element(of: try bind(call.arguments[0]), path, at: position)
        case "ELEMENT_AT":
            guard call.arguments.count == 2 else { return nil }
            return try element(of: try bind(call.arguments[0]), at: try bind(call.arguments[1]))
        case "ARRAY_APPEND", "ARRAY_PREPEND":
            guard call.arguments.count == 2 else { return nil }
            // A list of one element, before or behind.
            var made = FunctionCall(name: "ARRAY_CONCAT", arguments: call.arguments, position: call.position)
            let place = call.upperName == "ARRAY_APPEND" ? 1 : 0
            if place == 0 { made.arguments.swapAt(0, 1) }
            let element = made.arguments[place]
            made.arguments[place] = .call(
                FunctionCall(name: "ARRAY", arguments: [element], position: element.position))
            return try listCall(made)
        default:
            guard let function = ListFunction.table[call.upperName], functions?.index(of: call.upperName) == nil else {
                return nil
            }
            return try bind(function, call)
        }
    }

    // MARK: Constructors

    private mutating func array(_ call: FunctionCall) throws(SQLError) -> Bound {
        var values: [Bound] = []
        for argument in call.arguments { values.append(try bind(argument)) }
        values = try unified(values, what: "ARRAY")
        let type = values.first?.type ?? .null
        var elements: [Bound] = []
        for value in values { elements.append(try json(value)) }
        return try make(
            .call(.jsonArray, elements.map(\.expression), type: .array(type)), of: elements, at: call.position)
    }

    private mutating func map(_ call: FunctionCall) throws(SQLError) -> Bound {
        guard call.arguments.count % 2 == 0 else {
            throw SQLError(
                .typeMismatch, "MAP takes keys and values by turns", at: call.position,
                suggestion: "a column of that name goes in back-ticks: `map`['key']")
        }
        var keys: [Bound] = []
        var values: [Bound] = []
        for (index, argument) in call.arguments.enumerated() {
            let bound = try bind(argument)
            if index % 2 == 0 { keys.append(bound) } else { values.append(bound) }
        }
        keys = try unified(keys, what: "the keys of MAP")
        values = try unified(values, what: "the values of MAP")
        let type = SQLType.map(key: keys.first?.type ?? .null, value: values.first?.type ?? .null)
        var parts: [Bound] = []
        for (key, value) in zip(keys, values) { parts += [try cast(key, to: .varchar), try json(value)] }
        return try make(.call(.jsonObject, parts.map(\.expression), type: type), of: parts, at: call.position)
    }

    private mutating func row(_ call: FunctionCall) throws(SQLError) -> Bound {
        var parts: [Bound] = []
        var fields: [PlanField] = []
        for (index, argument) in call.arguments.enumerated() {
            let value = try bind(argument)
            fields.append(PlanField(name: "EXPR$\(index)", type: value.type))
            parts += [text(fields[index].name, at: call.position), try json(value)]
        }
        return try make(
            .call(.jsonObject, parts.map(\.expression), type: .row(fields)), of: parts, at: call.position)
    }

    private func text(_ text: String, at position: SourcePosition) -> Bound {
        Bound(expression: .literal(.bytes(Array(text.utf8)), type: .varchar), size: 1, position: position)
    }

    /// A row as one of other names and types, field by field in order.
    func cast(row: Bound, _ fields: [PlanField], to wanted: [PlanField]) throws(SQLError) -> Bound {
        guard fields.count == wanted.count else {
            throw SQLError(
                .typeMismatch, "a row of \(fields.count) fields can't be cast to one of \(wanted.count)",
                at: row.position)
        }
        var parts: [Bound] = []
        for (field, target) in zip(fields, wanted) {
            let value = try element(of: row, "$" + Parser.step(to: field.name), at: row.position)
            parts += [text(target.name, at: row.position), try json(try cast(value, to: target.type))]
        }
        let type = SQLType.row(wanted)
        let made = try make(.call(.jsonObject, parts.map(\.expression), type: type), of: parts, at: row.position)
        let isNull = BoundExpression.call(.isNull, [row.expression], type: .boolean)
        return try make(
            .caseWhen(
                [CaseBranch(condition: isNull, result: .literal(.null, type: type))], otherwise: made.expression,
                type: type), of: [row, made], at: row.position)
    }

    // MARK: Access

    /// What lies on a path, of the type that the value's says; null where there is nothing.
    func element(of value: Bound, _ text: String, at position: SourcePosition) throws(SQLError) -> Bound {
        let steps = try JSONPath(Array(text.utf8)).steps
        var type = value.type
        var path = "$"
        var isEach = false
        for step in steps {
            if step == .anyIndex || step == .anyKey { isEach = true }
            (type, path) = try follow(step, from: type, path, at: position)
        }
        let function: ScalarFunction = isEach ? .jsonWrapped : .jsonElement
        guard Parameter.json.accept(value.type) != nil else {
            throw SQLError(
                .typeMismatch, "\(value.type.name) has no elements", at: value.position,
                suggestion: "brackets read ARRAY, MAP, ROW, JSON and text that holds JSON")
        }
        let source = value.type == .null ? try cast(value, to: .varchar) : value
        let call = BoundExpression.call(
            function, [source.expression, self.text(path, at: position).expression], type: .json)
        let found = try make(call, of: [source], at: value.position)
        return isEach ? try typed(found, as: .array(type)) : try typed(found, as: type)
    }

    private func follow(
        _ step: JSONPath.Step, from type: SQLType, _ path: String, at position: SourcePosition
    ) throws(SQLError) -> (SQLType, String) {
        switch (type, step) {
        case (.array(let element), .index(let index)): return (element, path + "[\(index)]")
        case (.array(let element), .anyIndex): return (element, path + "[*]")
        case (.map(_, let value), .key(let name)):
            return (value, path + Parser.step(to: String(decoding: name, as: UTF8.self)))
        case (.map(_, let value), .index(let index)): return (value, path + Parser.step(to: "\(index + 1)"))
        case (.map(_, let value), .anyIndex), (.map(_, let value), .anyKey): return (value, path + ".*")
        case (.row(let fields), .key(let name)):
            let name = String(decoding: name, as: UTF8.self)
            guard let field = fields.first(where: { $0.name == name }) else {
                throw SQLError(
                    .unknownColumn, "there is no field \(name) in \(type.name)", at: position,
                    suggestion: Suggestion.phrase(for: name, among: fields.map(\.name)))
            }
            return (field.type, path + Parser.step(to: name))
        case (.row, _), (.array, _):
            throw SQLError(
                .typeMismatch, "\(type.name) can't be read like this", at: position,
                suggestion: type == .row([]) ? nil : "arrays have places from 1, rows have fields: r.name")
        case (_, .key(let name)): return (.json, path + Parser.step(to: String(decoding: name, as: UTF8.self)))
        case (_, .index(let index)): return (.json, path + "[\(index)]")
        case (_, .anyKey): return (.json, path + ".*")
        case (_, .anyIndex): return (.json, path + "[*]")
        }
    }

    /// `value[key]` for a key that is computed.
    private func element(of value: Bound, at key: Bound) throws(SQLError) -> Bound {
        var key = key
        var type = SQLType.json
        switch value.type {
        case .array(let element) where key.type.isInteger: type = element
        case .map(_, let element):
            type = element
            key = try cast(key, to: .varchar)
        case .json where key.type.isInteger || key.type == .varchar,
            .varchar where key.type.isInteger || key.type == .varchar:
            break
        default: throw mismatch("[…]", [value, key], at: key.position)
        }
        let found = try make(
            .call(.elementAt, [value.expression, key.expression], type: .json), of: [value, key], at: value.position)
        return try typed(found, as: type)
    }

    /// JSON read as a type: null where it isn't one.
    func typed(_ json: Bound, as type: SQLType) throws(SQLError) -> Bound {
        guard type != .json, type != .null, Cast.exists(from: .json, to: type) || type.isStructured else { return json }
        return try cast(json, to: type, isTry: true)
    }

    /// `row.field` where no column has that name.
    func field(_ name: Name) throws(SQLError) -> Bound? {
        for count in stride(from: name.parts.count - 1, to: 0, by: -1) {
            let prefix = Name(parts: Array(name.parts[..<count]))
            guard case .column(let index) = scope.resolve(prefix.text), case .row = scope.columns[index].type else {
                continue
            }
            let column = BoundExpression.column(index: index, type: scope.columns[index].type)
            let path = name.parts[count...].map { Parser.step(to: $0.text) }.joined()
            return try element(
                of: Bound(expression: column, size: 1, position: name.position), "$" + path,
                at: name.parts[count].position)
        }
        return nil
    }

    // MARK: Functions

    private mutating func bind(_ function: ListFunction, _ call: FunctionCall) throws(SQLError) -> Bound {
        var values: [Bound] = []
        for argument in call.arguments { values.append(try bind(argument)) }
        let least = function.parameters.count - function.optional
        guard values.count >= least, function.isVariadic || values.count <= function.parameters.count,
            !call.isStar, !call.isDistinct, call.filter == nil
        else { throw refusal(function, values, call) }
        var arguments: [Bound] = []
        for (index, value) in values.enumerated() {
            let kind = function.parameters[min(index, function.parameters.count - 1)]
            guard let argument = try argument(value, kind) else { throw refusal(function, values, call) }
            arguments.append(argument)
        }
        let type = try result(of: function, values, at: call.position)
        let isMade = type.isDocument
        let found = try make(
            .call(function.function, arguments.map(\.expression), type: isMade ? type : Self.carried(function, type)),
            of: arguments, at: call.position)
        if case .element = function.result { return try typed(found, as: type) }
        return found
    }

    /// Kernels give elements as JSON.
    private static func carried(_ function: ListFunction, _ type: SQLType) -> SQLType {
        if case .element = function.result { return .json }
        return type
    }

    private func refusal(_ function: ListFunction, _ values: [Bound], _ call: FunctionCall) -> SQLError {
        let types = values.map(\.type.name).joined(separator: ", ")
        return SQLError(
            .typeMismatch,
            types.isEmpty ? "\(call.upperName) needs arguments" : "\(call.upperName) can't take (\(types))",
            at: call.position, suggestion: "it is called \(call.upperName)(\(function.usage))")
    }

    private func argument(_ value: Bound, _ kind: ListFunction.Kind) throws(SQLError) -> Bound? {
        switch kind {
        case .list, .map, .container:
            switch (value.type, kind) {
            case (.array, .list), (.array, .container), (.map, .map), (.map, .container), (.json, _): return value
            case (.null, _): return try cast(value, to: .json)
            default: return nil
            }
        case .element: return try jsonOrNull(value)
        case .integer: return value.type.isInteger ? value : value.type == .null ? try cast(value, to: .bigint) : nil
        case .boolean: return Parameter.boolean.accept(value.type) == nil ? nil : try cast(value, to: .boolean)
        case .text: return Parameter.text.accept(value.type) == nil ? nil : try cast(value, to: .varchar)
        }
    }

    private func result(
        of function: ListFunction, _ values: [Bound], at position: SourcePosition
    ) throws(SQLError) -> SQLType {
        func inside(_ type: SQLType) -> SQLType {
            if case .array(let element) = type { return element }
            return .json
        }
        switch (function.result, values[0].type) {
        case (.fixed(let type), _): return type
        case (.element, let type): return inside(type)
        case (.common, _):
            guard let type = SQLType.common(of: values.map(\.type)) else {
                throw SQLError(.typeMismatch, "the maps have values of different types", at: position)
            }
            return type == .null ? .json : type
        case (.list, _):
            let lists = zip(values, function.parameters + Array(repeating: .list, count: values.count))
                .compactMap { if case .list = $1 { $0.type } else { nil } }
            guard let type = SQLType.common(of: lists) else {
                throw SQLError(.typeMismatch, "the lists have elements of different types", at: position)
            }
            return type == .null ? .json : type
        case (.keys, .map(let key, _)): return .array(key)
        case (.values, .map(_, let value)): return .array(value)
        case (.entries, .map(let key, let value)):
            return .array(.row([PlanField(name: "key", type: key), PlanField(name: "value", type: value)]))
        case (.keys, _): return .array(.varchar)
        case (.values, _): return .array(.json)
        case (.entries, _):
            return .array(.row([PlanField(name: "key", type: .varchar), PlanField(name: "value", type: .json)]))
        case (.map, let type): return .map(key: inside(type), value: inside(values[1].type))
        }
    }
}
