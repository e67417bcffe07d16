/// What a job runs, as a graph: tables, the steps behind them, and where the rows go.
public struct JobPlan: Sendable, Hashable {
    public enum Kind: String, Sendable {
        case source
        case step
        case sink
    }

    public struct Node: Sendable, Hashable {
        public let kind: Kind
        /// The statement of the job, from 1.
        public let statement: Int
        /// The table's name, or what the step is called in `EXPLAIN`.
        public let name: String
        /// What a step keeps, or what a table is made of, in words.
        public let detail: String?
    }

    public struct Edge: Sendable, Hashable {
        /// Places in `nodes`.
        public let from: Int
        public let to: Int
    }

    public internal(set) var nodes: [Node] = []
    public internal(set) var edges: [Edge] = []
}

/// What a node of a job's plan has done in this run.
public struct JobNodeProgress: Sendable, Hashable {
    public var rowsIn: Int64 = 0
    public var rowsOut: Int64 = 0
    /// Memory of the batches that came, bytes.
    public var bytesIn: Int64 = 0
    /// Time that it worked, without the nodes behind it, microseconds.
    public var busyMicroseconds: Int64 = 0
    public var stateBytes = 0
    /// Microseconds since 1970; `nil` before the first.
    public var watermark: Int64?
    /// Of a source: events that were not read yet.
    public var lagRows: Int64 = 0
    /// Of a watched folder: bytes that were not read yet, and lines that were no rows.
    public var lagBytes: Int64 = 0
    public var malformedLines: Int64 = 0

    /// Nothing yet.
    public init() {}
}
