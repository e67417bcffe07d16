import Edge
import EventLog
import HTTPCache
import HTTPWire
import SQL
import Settings
import Streams

// The bounds of `limits` in the terms of the modules that keep them.

extension EdgeLimitsSection {
    func apply(to settings: inout EdgeSettings) {
        settings.wireLimits.fieldLineBytes = fieldLineBytes
        settings.wireLimits.chunkLineBytes = chunkLineBytes
        settings.wireLimits.chunkExtensionBytes = chunkExtensionBytes
        settings.wireLimits.trailerBytes = trailerBytes
        settings.maximumPipelinedBytes = pipelinedBytes
        settings.maximumRequestsPerConnection = requestsPerConnection
        settings.minimumBodyBytesPerSecond = minBodyBytesPerSecond
        settings.minimumWriteBytesPerPeriod = minWriteBytes
        settings.skippedBodyBytes = skippedBodyBytes
        settings.continueTimeoutMilliseconds = continueTimeoutMilliseconds
        settings.maximumEventBlocks = eventBlocks
        settings.eventWaitMilliseconds = eventWaitMilliseconds
    }
}

extension CacheLimitsSection {
    func apply(to settings: inout EdgeCacheSettings) {
        settings.maximumVariants = variants
        settings.maximumRanges = ranges
        settings.maximumSearchRules = searchRules
        settings.streamWindowBytes = streamWindowBytes
    }
}

extension LogLimitsSection {
    func apply(to options: inout EventLogOptions) {
        options.topicsMaximum = topics
        options.columnsMaximum = columns
    }
}

extension QueryLimitsSection {
    func apply(to limits: inout QueryLimits) {
        limits.sql.maximumTextBytes = textBytes
        limits.sql.maximumDepth = depth
        limits.sql.maximumListLength = listLength
        limits.sql.maximumExpressionNodes = expressionNodes
        limits.sql.maximumPlanNodes = planNodes
        limits.sql.maximumPlanDepth = planDepth
        limits.sql.maximumWindowsPerRow = windowsPerRow
        limits.sql.maximumGroupingSets = groupingSets
        limits.sql.maximumPatternLength = patternLength
        limits.sql.maximumMatchOffset = matchOffset
        limits.sql.maximumQuantifiedQueries = quantifiedQueries
        limits.liveQueueBatches = liveQueueBatches
        limits.liveQueueBytes = liveQueueBytes
        limits.generatedRows = generatedRows
    }
}
