// Bounds that few have a reason to change, each section's in its `limits`.

/// What clients may send, and how slowly.
public struct EdgeLimitsSection: Hashable, Sendable {
    public var fieldLineBytes = 16 << 10
    /// A chunk's size with its extensions.
    public var chunkLineBytes = 1 << 10
    /// All extensions of one body.
    public var chunkExtensionBytes = 16 << 10
    public var trailerBytes = 8 << 10
    /// Requests that arrive while an earlier one is served; beyond it nothing more is read.
    public var pipelinedBytes = 64 << 10
    public var requestsPerConnection = 1_000_000
    /// That must arrive of a request's body on average over each `body_timeout_ms`.
    public var minBodyBytesPerSecond = 240
    /// That a client must take of its response within `write_timeout_ms`.
    public var minWriteBytes = 1
    /// Of a body that comes behind its response, thrown away so that the connection goes on.
    public var skippedBodyBytes = 64 << 10
    /// How long `Expect: 100-continue` waits for the origin's word.
    public var continueTimeoutMilliseconds = 1_000
    /// Blocks of 4,096 events that wait for the log.
    public var eventBlocks = 64
    /// How long a loop waits for room for its events before they are dropped; `0` for not at all.
    public var eventWaitMilliseconds = 50

    public init() {}

    init(reading section: YAMLSection) {
        fieldLineBytes = section.bytes("field_line_bytes", default: fieldLineBytes, in: 256...65_535)
        chunkLineBytes = section.bytes("chunk_line_bytes", default: chunkLineBytes, in: 16...65_536)
        chunkExtensionBytes = section.bytes("chunk_extension_bytes", default: chunkExtensionBytes, in: 0...1 << 24)
        trailerBytes = section.bytes("trailer_bytes", default: trailerBytes, in: 0...1 << 20)
        pipelinedBytes = section.bytes("pipelined_bytes", default: pipelinedBytes, in: 1024...1 << 24)
        requestsPerConnection = section.integer(
            "requests_per_connection", default: requestsPerConnection, in: 1...1_000_000_000)
        minBodyBytesPerSecond = section.bytes(
            "min_body_bytes_per_second", default: minBodyBytesPerSecond, in: 0...1 << 30)
        minWriteBytes = section.bytes("min_write_bytes", default: minWriteBytes, in: 1...1 << 30)
        skippedBodyBytes = section.bytes("skipped_body_bytes", default: skippedBodyBytes, in: 0...1 << 30)
        continueTimeoutMilliseconds = section.milliseconds(
            "continue_timeout_ms", default: continueTimeoutMilliseconds, in: 0...60_000)
        eventBlocks = section.integer("event_blocks", default: eventBlocks, in: 1...100_000)
        eventWaitMilliseconds = section.milliseconds("event_wait_ms", default: eventWaitMilliseconds, in: 0...10_000)
        section.finish()
    }
}

/// What the cache takes on.
public struct CacheLimitsSection: Hashable, Sendable {
    /// Stored variants of one URL.
    public var variants = 32
    /// Ranges of one request.
    public var ranges = 16
    /// Paths whose `No-Vary-Search` is remembered; 0 heeds none.
    public var searchRules = 10_000
    /// How far a body that turned out too large to store runs ahead of its slowest reader.
    public var streamWindowBytes = 256 << 10

    public init() {}

    init(reading section: YAMLSection) {
        variants = section.integer("variants", default: variants, in: 1...10_000)
        ranges = section.integer("ranges", default: ranges, in: 0...1000)
        searchRules = section.integer("search_rules", default: searchRules, in: 0...10_000_000)
        streamWindowBytes = section.bytes("stream_window_bytes", default: streamWindowBytes, in: 16 << 10...1 << 30)
        section.finish()
    }
}

/// What the event log takes on.
public struct LogLimitsSection: Hashable, Sendable {
    public var topics = 1_000
    /// That a topic's schema may grow to.
    public var columns = 2_000

    public init() {}

    init(reading section: YAMLSection) {
        topics = section.integer("topics", default: topics, in: 1...100_000)
        columns = section.integer("columns", default: columns, in: 16...4_096)
        section.finish()
    }
}

/// What a statement may ask for.
public struct QueryLimitsSection: Hashable, Sendable {
    public var textBytes = 256 << 10
    /// Of expressions and sub-queries within each other. The stack of threads is made for the default, which is the
    /// most.
    public var depth = 64
    public var listLength = 10_000
    public var expressionNodes = 100_000
    public var planNodes = 1_000
    public var planDepth = 150
    public var windowsPerRow = 1_000
    public var groupingSets = 128
    public var patternLength = 1_000
    public var matchOffset = 100
    public var quantifiedQueries = 100
    /// That wait for a live query.
    public var liveQueueBatches = 256
    public var liveQueueBytes = 64 << 20
    /// Of `datagen` and `nexmark`.
    public var generatedRows = 1_000_000_000

    public init() {}

    init(reading section: YAMLSection) {
        textBytes = section.bytes("text_bytes", default: textBytes, in: 1024...16 << 20)
        depth = section.integer("depth", default: depth, in: 4...depth)
        listLength = section.integer("list_length", default: listLength, in: 16...1_000_000)
        expressionNodes = section.integer("expression_nodes", default: expressionNodes, in: 100...10_000_000)
        planNodes = section.integer("plan_nodes", default: planNodes, in: 10...100_000)
        planDepth = section.integer("plan_depth", default: planDepth, in: 10...planDepth)
        windowsPerRow = section.integer("windows_per_row", default: windowsPerRow, in: 1...100_000)
        groupingSets = section.integer("grouping_sets", default: groupingSets, in: 1...4_096)
        patternLength = section.integer("pattern_length", default: patternLength, in: 1...10_000)
        quantifiedQueries = section.integer("quantified_queries", default: quantifiedQueries, in: 0...10_000)
        matchOffset = section.integer("match_offset", default: matchOffset, in: 0...10_000)
        liveQueueBatches = section.integer("live_queue_batches", default: liveQueueBatches, in: 1...1_000_000)
        liveQueueBytes = section.bytes("live_queue_bytes", default: liveQueueBytes, in: 1 << 20...1 << 36)
        generatedRows = section.integer("generated_rows", default: generatedRows, in: 0...1_000_000_000_000)
        section.finish()
    }
}
