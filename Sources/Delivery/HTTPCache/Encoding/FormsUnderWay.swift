/// Compressed forms that are being made, for others to read along. A value: its owner holds the lock.
struct FormsUnderWay {
    /// By hash of the form's key.
    private var forms: [UInt64: CachedObject] = [:]

    /// A form that fits, to be read along.
    func find(_ hash: UInt64, where fits: (CachedObject) -> Bool) -> CachedObject? {
        forms[hash].flatMap { fits($0) ? $0 : nil }
    }

    /// From now on others find it, unless there is one already.
    mutating func begin(_ form: CachedObject, _ hash: UInt64) {
        if forms[hash] == nil { forms[hash] = form }
    }

    /// It is complete, or nobody may join any more.
    mutating func end(_ form: CachedObject, _ hash: UInt64) {
        if forms[hash]?.body === form.body { forms[hash] = nil }
    }
}
