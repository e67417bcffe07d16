/// One element of a compiled page, in document order; `end` is the index behind the element's last descendant.
enum Node {
    case text(Slice)
    case value(Int32)
    case choose(end: Int32)
    /// - Parameter matchName: index of the name that gets the groups of a match, -1 for `MATCHES`.
    case when(test: Int32, matchName: Int32, end: Int32)
    case otherwise(end: Int32)
    /// - Parameter isOrdered: what it does beside its output depends on whether its fragments come, so that the page
    ///   must wait for them.
    case attemptOrExcept(isOrdered: Bool, end: Int32)
    case attempt(end: Int32)
    /// - Parameter type: index of the name of the kind of fault, -1 for any.
    case except(type: Int32, end: Int32)
    case assign(name: Int32, keys: Children, value: Int32)
    case assignContent(name: Int32, keys: Children, end: Int32)
    case include(Int32)
    case foreach(collection: Int32, item: Int32, end: Int32)
    case leaveLoop
    case function(name: Int32, end: Int32)
    case returnValue(Int32)
    case inline(name: Int32, isFetchable: Bool, end: Int32)
    case debug(Int32)
    /// Malformed: index into the program's faults.
    case fault(Int32)

    /// Index behind this node and what is in it, given its own.
    func next(after index: Int32) -> Int32 {
        switch self {
        case .choose(let end), .otherwise(let end), .attempt(let end): end
        case .when(_, _, let end), .attemptOrExcept(_, let end), .except(_, let end): end
        case .assignContent(_, _, let end), .foreach(_, _, let end), .function(_, let end): end
        case .inline(_, _, let end): end
        default: index + 1
        }
    }

    /// The same with another end.
    func ending(_ end: Int32) -> Node {
        switch self {
        case .choose: .choose(end: end)
        case .when(let test, let matchName, _): .when(test: test, matchName: matchName, end: end)
        case .otherwise: .otherwise(end: end)
        case .attemptOrExcept(let isOrdered, _): .attemptOrExcept(isOrdered: isOrdered, end: end)
        case .attempt: .attempt(end: end)
        case .except(let type, _): .except(type: type, end: end)
        case .assignContent(let name, let keys, _): .assignContent(name: name, keys: keys, end: end)
        case .foreach(let collection, let item, _): .foreach(collection: collection, item: item, end: end)
        case .function(let name, _): .function(name: name, end: end)
        case .inline(let name, let isFetchable, _): .inline(name: name, isFetchable: isFetchable, end: end)
        default: self
        }
    }
}

/// The attributes of an `include` or `eval`; expressions by index, -1 where there is none.
struct IncludeNode {
    var isEval = false
    var source: Int32 = -1
    /// Index of what to fetch where nothing of it must be evaluated, else -1.
    var fetch: Int32 = -1
    var alternative: Int32 = -1
    var timeToLive: Int32 = -1
    var noStore: Int32 = -1
    var maximumWait: Int32 = -1
    var method: Int32 = -1
    var entity: Int32 = -1
    var continuesOnError = false
    var evaluation = ESIFetch.Evaluation.whenAsked
    var headers = Children.none
    var parameters = Children.none

    /// Says no more than where the fragment is.
    var isPlain: Bool {
        alternative < 0 && timeToLive < 0 && noStore < 0 && maximumWait < 0 && method < 0 && entity < 0
            && headers.count == 0 && parameters.count == 0
    }
}

/// One change to the request for a fragment.
struct HeaderChange {
    enum Kind { case set, append, remove }

    var kind: Kind
    /// `Name: value`, or names by commas.
    var line: Int32
}

/// A name and value that go into the query of a fragment's URL.
struct IncludeParameter {
    var name: Int32
    var value: Int32
}
