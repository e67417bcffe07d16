/// Key words among the arguments of a call.
struct CallClauses: Hashable, Sendable {
    /// What `… ON EMPTY` and `… ON ERROR` say.
    indirect enum Behaviour: Hashable, Sendable {
        case null
        case error
        case value(Expression)
        case emptyArray
        case emptyObject
        case truth(Bool?)
    }

    enum Wrapper: Hashable, Sendable {
        case without
        case conditional
        case unconditional
    }

    var returning: TypeName?
    var onEmpty: Behaviour?
    var onError: Behaviour?
    var wrapper = Wrapper.without
    /// Of `ABSENT ON NULL`, true; of `NULL ON NULL`, false.
    var leavesNullsOut: Bool?
}
