/// What opening a log found out of order.
public struct RecoveryReport: Sendable, Equatable {
    /// The torn end of a partition: bytes of a write that a crash interrupted. No acknowledged event of durability
    /// `commit` was in it.
    public struct CutTail: Sendable, Equatable {
        public let topic: String
        public let partition: Int
        public let file: String
        public let bytes: Range<Int>
        /// The first offset that was cut, which the next event gets.
        public let offset: Int64
    }

    public internal(set) var cutTails: [CutTail] = []
    /// Damage in the middle of what was written; readers skip it and report it.
    public internal(set) var gaps: [LogGap] = []
    /// Segments whose index was missing or unfit and was made again from the frames.
    public internal(set) var rebuiltIndexes: [String] = []

    public init() {}
}

/// What a walk over all stored bytes found.
public struct VerifyReport: Sendable, Equatable {
    public internal(set) var segments = 0
    public internal(set) var frames = 0
    public internal(set) var rows: Int64 = 0
    public internal(set) var bytes = 0
    public internal(set) var gaps: [LogGap] = []
}
