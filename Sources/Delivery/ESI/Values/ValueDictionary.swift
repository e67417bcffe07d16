import Bytes

/// Keys and values in the order of their coming. Small, so a search is a walk.
struct ValueDictionary {
    private(set) var entries: [(key: Text, value: Value)] = []

    init() {}

    /// - Parameter entries: of different keys.
    init(_ entries: [(key: Text, value: Value)]) { self.entries = entries }

    var count: Int { entries.count }

    func index(of key: Span<UInt8>) -> Int? {
        var index = 0
        while index < entries.count {
            let bytes = entries[index].key.bytes
            if bytes.span.isEqual(to: key) { return index }
            index += 1
        }
        return nil
    }

    subscript(key: Text) -> Value? {
        get { index(of: key.span).map { entries[$0].value } }
        set {
            let known = index(of: key.span)
            switch (known, newValue) {
            case (let known?, let value?): entries[known].value = value
            case (let known?, nil): entries.remove(at: known)
            case (nil, let value?): entries.append((key, value))
            case (nil, nil): break
            }
        }
    }
}
