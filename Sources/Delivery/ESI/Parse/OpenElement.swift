/// An element whose end has not come yet.
struct OpenElement {
    enum Kind: String {
        case choose, when, otherwise, attemptOrExcept = "try", attempt, except, assign, foreach, function, inline, vars
        /// `include` and `eval` with something inside.
        case include, eval

        init?(name: [UInt8]) { self.init(rawValue: String(decoding: name, as: UTF8.self)) }

        /// Whether variables in its text are replaced.
        var isProcessed: Bool {
            switch self {
            case .when, .otherwise, .attempt, .except, .assign, .foreach, .function, .vars: true
            default: false
            }
        }

        /// Whether it must be whole before it can be evaluated.
        var mustBeWhole: Bool {
            switch self {
            case .vars, .include, .eval: false
            default: true
            }
        }
    }

    var kind: Kind
    /// Index of its node, where it has one.
    var node = -1
    var place: ESIPlace
    /// An `include` that waits for its parameters.
    var tag: Tag?
    var parameters: [Tag] = []
    /// Blanks inside it, which are text again where it turns out to have no end.
    var blanks: [UInt8] = []
    /// A `try`: see `Node.attemptOrExcept`. An `attempt`: a fragment was asked for in it.
    var isOrdered = false
    var hasFetch = false
    var hasOtherwise = false
    var hasBranch = false
}
