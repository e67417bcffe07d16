public import Columns

/// A topic as it stands.
public struct TopicInfo: Sendable {
    public let name: String
    public let schema: Schema
    public let settings: TopicSettings
    public let partitions: [PartitionInfo]
}

public struct PartitionInfo: Sendable, Equatable {
    public let partition: Int
    /// The oldest event kept.
    public let firstOffset: Int64
    /// The offset that the next event gets.
    public let nextOffset: Int64
    public let bytes: Int
    public let segments: Int
    /// Microseconds since 1970 of the oldest and the youngest event kept; `nil` when there is none.
    public let eventTimes: ClosedRange<Int64>?
}
