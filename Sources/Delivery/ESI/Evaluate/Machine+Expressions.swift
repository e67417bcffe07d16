import Bytes
import Patterns

/// Evaluating expressions.
extension Machine {
    mutating func evaluate(
        _ index: Int32, _ program: ESIProgram, _ page: inout Page
    ) throws(ESIFault) -> Value {
        try page.step()
        switch program.expressions[Int(index)] {
        case .undefined: return .undefined
        case .bool(let bool): return .bool(bool)
        case .integer(let integer): return .integer(integer)
        case .text(let slice): return .text(Text(program.bytes[slice.range]))
        case .list(let children): return try list(children, program, &page)
        case .dictionary(let children): return try dictionary(children, program, &page)
        case .range(let first, let last): return try range(first, last, program, &page)
        case .variable(let name, let keys, let fallback):
            let value = try variable(name, keys, program, &page)
            guard fallback >= 0, value.isUndefined || value.isEmptyText else { return value }
            return try evaluate(fallback, program, &page)
        case .not(let operand): return .bool(!(try evaluate(operand, program, &page).isTrue))
        case .negate(let operand):
            let value = try integer(operand, program, &page, "-")
            guard value != .min else { throw .overflow("-") }
            return .integer(-value)
        case .complement(let operand): return .integer(~(try integer(operand, program, &page, "~")))
        case .binary(let symbol, let left, let right):
            return try binary(symbol, left, right, program, &page)
        case .matches(let subject, let pattern, let compiled, let ignoresCase):
            return .bool(try matches(subject, pattern, compiled, ignoresCase, program, &page))
        case .call(let function, let arguments): return try call(function, arguments, program, &page)
        case .callNamed(let name, let arguments): return try callNamed(name, arguments, program, &page)
        case .concatenation(let children): return try concatenation(children, program, &page)
        case .fault(let fault): throw program.faults[Int(fault)]
        }
    }

    // MARK: Collections

    private mutating func list(
        _ children: Children, _ program: ESIProgram, _ page: inout Page
    ) throws(ESIFault) -> Value {
        try page.check(items: Int(children.count))
        var items: [Value] = []
        items.reserveCapacity(Int(children.count))
        for index in 0..<children.count { items.append(try evaluate(program.child(children, index), program, &page)) }
        return .list(items)
    }

    private mutating func dictionary(
        _ children: Children, _ program: ESIProgram, _ page: inout Page
    ) throws(ESIFault) -> Value {
        try page.check(items: Int(children.count) / 2)
        var dictionary = ValueDictionary()
        var index: Int32 = 0
        while index < children.count {
            let key = try evaluate(program.child(children, index), program, &page).asText
            dictionary[key] = try evaluate(program.child(children, index + 1), program, &page)
            page.budget.steps += dictionary.count / 16
            index += 2
        }
        return .dictionary(dictionary)
    }

    private mutating func range(
        _ first: Int32, _ last: Int32, _ program: ESIProgram, _ page: inout Page
    ) throws(ESIFault) -> Value {
        let first = try integer(first, program, &page, "..")
        let last = try integer(last, program, &page, "..")
        let (distance, overflow) = last.subtractingReportingOverflow(first)
        guard !overflow, distance != .min, abs(distance) < Int64(page.settings.maximumItems) else {
            throw ESIFault.limit("max_items", "the range from \(first) to \(last)")
        }
        let step: Int64 = first <= last ? 1 : -1
        return .list(stride(from: first, through: last, by: Int(step)).map { .integer($0) })
    }

    private mutating func concatenation(
        _ children: Children, _ program: ESIProgram, _ page: inout Page
    ) throws(ESIFault) -> Value {
        var bytes: [UInt8] = []
        var taint = Taint()
        for index in 0..<children.count {
            let value = try evaluate(program.child(children, index), program, &page)
            taint.formUnion(value.taint)
            value.append(to: &bytes)
            try page.check(size: bytes.count)
        }
        return .text(Text(bytes, taint: taint))
    }

    // MARK: Variables

    private mutating func variable(
        _ name: VariableName, _ keys: Children, _ program: ESIProgram, _ page: inout Page
    ) throws(ESIFault) -> Value {
        guard keys.count > 0 else { return whole(name, program, page) }
        let key = try evaluate(program.child(keys, 0), program, &page).asText
        var value: Value
        switch name {
        case .user(let index): value = variable(program.names[Int(index)]).item(key)
        case .arguments: value = whole(name, program, page).item(key)
        case .matches: value = key.integer.flatMap { Int(exactly: $0) }.map { groups.group($0) } ?? .undefined
        default: value = page.variables.member(name, key, program)
        }
        for index in 1..<max(1, keys.count) {
            value = value.item(try evaluate(program.child(keys, index), program, &page).asText)
        }
        return value
    }

    private func whole(_ name: VariableName, _ program: ESIProgram, _ page: borrowing Page) -> Value {
        switch name {
        case .user(let index): variable(program.names[Int(index)])
        case .arguments: calls.last.map { .list($0.arguments) } ?? .undefined
        case .matches: groups.ranges.isEmpty ? .undefined : groups.list
        default: page.variables.whole(name, program)
        }
    }

    /// The value of an expression that should be a list or dictionary: of the request's variables it is their members.
    mutating func collection(
        _ index: Int32, _ program: ESIProgram, _ page: inout Page
    ) throws(ESIFault) -> Value {
        if case .variable(let name, let keys, _) = program.expressions[Int(index)], keys.count == 0,
            let members = page.variables.collection(name)
        {
            return members
        }
        return try evaluate(index, program, &page)
    }

    // MARK: Matching

    private mutating func matches(
        _ subject: Int32, _ pattern: Int32, _ compiled: Int32, _ ignoresCase: Bool, _ program: ESIProgram,
        _ page: inout Page
    ) throws(ESIFault) -> Bool {
        let text = try evaluate(subject, program, &page)
        let source = compiled >= 0 ? [] : Array(try evaluate(pattern, program, &page).asText.bytes)
        if text.isUndefined { return false }
        do throws(PatternError) {
            let known =
                compiled >= 0
                ? program.patterns[Int(compiled)] : try page.matcher.pattern(source, ignoresCase: ignoresCase)
            return try page.matcher.match(
                known, text.asText, limit: page.settings.maximumMatchSteps, into: &groups)
        } catch {
            throw ESIFault.badPattern(source, error)
        }
    }

    // MARK: Calls of the page's functions

    private mutating func callNamed(
        _ name: Int32, _ arguments: Children, _ program: ESIProgram, _ page: inout Page
    ) throws(ESIFault) -> Value {
        let name = program.names[Int(name)]
        let shown = String(decoding: name, as: UTF8.self)
        guard let function = functions[name] else {
            throw .expression("unknown_function", "there is no function $\(shown)")
        }
        guard calls.count < page.settings.maximumCallDepth else {
            throw ESIFault.limit("max_call_depth", "$\(shown) is called too deep")
        }
        var values: [Value] = []
        for index in 0..<arguments.count {
            values.append(try evaluate(program.child(arguments, index), program, &page))
        }
        return try run(function, values, &page)
    }

    /// Runs a body to its end or its `return`; without one its text is the value.
    private mutating func run(
        _ function: PageFunction, _ arguments: [Value], _ page: inout Page
    ) throws(ESIFault) -> Value {
        let outerFrames = frames.count
        let outerCaptures = captures.count
        calls.append(Call(arguments: arguments))
        captures.append([])
        captureTaints.append([])
        frames.append(
            Frame(
                program: function.program, index: function.body.lowerBound, end: function.body.upperBound, kind: .block)
        )
        defer {
            frames.removeLast(frames.count - outerFrames)
            captures.removeLast(captures.count - outerCaptures)
            captureTaints.removeLast(captureTaints.count - outerCaptures)
            calls.removeLast()
        }
        while frames.count > outerFrames {
            if let value = try stepInFunction(outerFrames, &page) { return value }
        }
        return .text(Text(captures[outerCaptures], taint: captureTaints[outerCaptures]))
    }
}

extension Value {
    var isEmptyText: Bool { if case .text(let text) = self { text.isEmpty } else { false } }
}

extension ESIFault {
    static func overflow(_ symbol: String) -> ESIFault {
        .expression("overflow", "the result of \(symbol) is over 64 bits")
    }
}
