/// One thread of evaluation: the page, a fragment with variables of its own, or an `except` that runs late. It does no
/// I/O; where it must wait it says for what.
struct Machine {
    enum State: Equatable {
        case ready
        /// For more of the page.
        case awaitsInput
        /// For a fragment to be whole: an `eval`, or anything in an ordered `attempt`.
        case awaitsScope(Int)
        case done
        /// Stopped before its end, for the fragment that it evaluates failed or is wanted no more: its scope is another's.
        case dropped
    }

    struct Frame {
        enum Kind {
            case block
            case loop(items: [Value], next: Int, item: Int32, start: Int32)
            /// - Parameter outer: the scope that its own goes into.
            /// - Parameter mark: length of the capture that it began in, -1 where its output has a scope.
            case attempt(outer: Int, mark: Int, isOrdered: Bool, branches: Range<Int32>)
            case except(outer: Int)
            /// The text in it becomes a variable.
            case capture(name: Int32, keys: Children)
            case inline(name: Int32, isFetchable: Bool)
            /// A fragment in this context, from a URL.
            case evaluated
        }

        var program: ESIProgram
        var index: Int32
        var end: Int32
        var kind: Kind
    }

    struct PageFunction {
        var program: ESIProgram
        var body: Range<Int32>
    }

    var state = State.ready
    var frames: [Frame] = []
    /// What has come and was not begun.
    var inputs: [ESIProgram] = []
    var nextInput = 0
    var inputEnded = false

    var variables: [[UInt8]: Value] = [:]
    var functions: [[UInt8]: PageFunction] = [:]
    var groups = MatchGroups()
    /// Arguments and variables of the page's functions under way.
    var calls: [Call] = []
    /// Output that goes into variables.
    var captures: [[UInt8]] = []
    var captureTaints: [Taint] = []

    /// Where output goes.
    var scope: Int
    /// The fetch whose fragment this is; -1 for the page.
    var fetch = -1
    /// Runs an `except` whose `attempt` failed after the page had gone on.
    var isLateExcept = false
    /// Fragments around it, from the page on: URLs, for relative ones and against loops.
    var chain: [[UInt8]]
    var orderedDepth = 0
    /// What `return` gave.
    var returned: Value?
    /// What to do with the scope that it awaits.
    var continuation = Continuation.goOn

    enum Continuation {
        case goOn
        /// Its bytes belong into the capture.
        case capture
        /// Its bytes are ESI for this context, from a URL.
        case evaluate(url: [UInt8])
    }

    struct Call {
        var arguments: [Value]
        var locals: [[UInt8]: Value] = [:]
    }

    init(scope: Int, chain: [[UInt8]]) {
        self.scope = scope
        self.chain = chain
    }

    /// Nothing of it will run any more.
    var isOver: Bool { state == .done || state == .dropped }

    /// Fragments and functions around what is evaluated.
    var depth: Int { chain.count - 1 + calls.count }

    // MARK: Variables

    func variable(_ name: [UInt8]) -> Value {
        if let call = calls.last, let value = call.locals[name] { return value }
        return variables[name] ?? .undefined
    }

    /// In a function of the page it is the function's own.
    mutating func set(_ name: [UInt8], _ value: Value, _ page: inout Page) throws(ESIFault) {
        if !calls.isEmpty {
            calls[calls.count - 1].locals[name] = value
            return
        }
        if variables.updateValue(value, forKey: name) == nil {
            page.budget.variables += 1
            guard page.budget.variables <= page.settings.maximumVariables else {
                throw ESIFault.limit("max_variables", "too many variables")
            }
        }
    }

    /// Sets a member, and makes the dictionaries on the way to it.
    mutating func set(
        _ name: [UInt8], keys: ArraySlice<Text>, _ value: Value, _ page: inout Page
    ) throws(ESIFault) {
        var whole = variable(name)
        try Machine.set(&whole, keys, value, page)
        try set(name, whole, &page)
    }

    private static func set(
        _ whole: inout Value, _ keys: ArraySlice<Text>, _ value: Value, _ page: Page
    ) throws(ESIFault) {
        guard let key = keys.first else {
            whole = value
            return
        }
        switch whole {
        case .undefined:
            var dictionary = ValueDictionary()
            var inner = Value.undefined
            try set(&inner, keys.dropFirst(), value, page)
            dictionary[key] = inner
            whole = .dictionary(dictionary)
        case .dictionary(var dictionary):
            var inner = dictionary[key] ?? .undefined
            try set(&inner, keys.dropFirst(), value, page)
            dictionary[key] = inner
            try page.check(items: dictionary.count)
            whole = .dictionary(dictionary)
        case .list(var items):
            guard let index = key.integer, index >= 0, index <= Int64(items.count) else {
                throw .expression("no_item", "a list of \(items.count) has no place for that member")
            }
            var inner = index < Int64(items.count) ? items[Int(index)] : .undefined
            try set(&inner, keys.dropFirst(), value, page)
            if index < Int64(items.count) { items[Int(index)] = inner } else { items.append(inner) }
            try page.check(items: items.count)
            whole = .list(items)
        default:
            throw .expression("no_member", "\(whole.typeName) has no members that could be set")
        }
    }
}
