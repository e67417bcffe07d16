/// Names and values of a request, in the order in which each name came first. How many there are is the client's choice, so
/// that none is searched for by a walk and no list is copied for a further member.
struct MemberGathering {
    private var entries: [(key: Text, values: [Value])] = []
    private var places: [ArraySlice<UInt8>: Int] = [:]

    mutating func append(_ value: Text, to name: Text) {
        if let place = places[name.bytes] {
            entries[place].values.append(.text(value))
        } else {
            places[name.bytes] = entries.count
            entries.append((name, [.text(value)]))
        }
    }

    /// With a list where a name came again.
    var all: ValueDictionary {
        ValueDictionary(entries.map { ($0.key, $0.values.count == 1 ? $0.values[0] : .list($0.values)) })
    }

    /// With the first value of each name.
    var firsts: ValueDictionary { ValueDictionary(entries.map { ($0.key, $0.values[0]) }) }
}
