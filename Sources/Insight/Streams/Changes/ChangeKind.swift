/// What a row of a changing result says: Flink's row kinds. The raw value is the kind's code in a column of kinds.
enum ChangeKind: UInt32, CaseIterable {
    /// `+I`: a row that was not there.
    case insert = 0
    /// `-U`: what a row was. The row after it, in the same batch, says what it is now.
    case updateBefore = 1
    /// `+U`
    case updateAfter = 2
    /// `-D`: a row is gone.
    case delete = 3

    /// As Flink writes it.
    var text: StaticString {
        switch self {
        case .insert: "+I"
        case .updateBefore: "-U"
        case .updateAfter: "+U"
        case .delete: "-D"
        }
    }

    /// The row is there from now on; otherwise it was there until now.
    @inline(__always)
    var isAddition: Bool { self == .insert || self == .updateAfter }
}
