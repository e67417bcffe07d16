extension AggregateCall {
    /// `VAR_POP`, `VAR_SAMP`, `STDDEV_POP` or `STDDEV_SAMP`.
    public struct Variance: Hashable, Sendable {
        /// Of a sample: null for fewer than two values.
        public var isSample: Bool
        /// Its square root.
        public var isDeviation: Bool

        var name: String { (isDeviation ? "STDDEV_" : "VAR_") + (isSample ? "SAMP" : "POP") }
    }

    /// What stands before, between and behind the values of a group that are put together.
    public struct Concatenation: Hashable, Sendable {
        public var open: [UInt8] = []
        public var separator: [UInt8]
        public var close: [UInt8] = []
        /// Values come as `SortedItem`s and are put in their order; else they stay in that in which they come.
        public var isSorted = false

        static let array = Concatenation(open: Array("[".utf8), separator: Array(",".utf8), close: Array("]".utf8))
        static let object = Concatenation(open: Array("{".utf8), separator: Array(",".utf8), close: Array("}".utf8))
    }
}
