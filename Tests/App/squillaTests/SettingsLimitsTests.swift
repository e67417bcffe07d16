import Edge
import EventLog
import HTTPCache
import HTTPWire
import SQL
import Settings
import Streams
import Testing
import Upstream

@testable import squilla

/// Each bound of the file reaches the module that keeps it.
@Suite struct SettingsLimitsTests {
    @Test func edge() throws {
        let settings = try read(
            """
            edge:
              max_header_bytes: 8KiB
              limits: {field_line_bytes: 1001, chunk_line_bytes: 1002, chunk_extension_bytes: 1003, trailer_bytes: 1004,
                       pipelined_bytes: 1025, requests_per_connection: 1006, min_body_bytes: 1007,
                       min_write_bytes: 1008, continue_timeout_ms: 1009, event_blocks: 1010}
            cache:
              honor_request_directives: false
              hit_for_miss_ms: 7s
              limits: {variants: 1011, ranges: 12, stream_window_bytes: 17KiB}
            """
        ).edgeSettings()
        let wire = settings.wireLimits
        #expect(
            [wire.fieldLineBytes, wire.chunkLineBytes, wire.chunkExtensionBytes, wire.trailerBytes] == [
                1001, 1002, 1003, 1004,
            ])
        #expect(settings.maximumPipelinedBytes == 1025 && settings.maximumRequestsPerConnection == 1006)
        #expect(settings.minimumBodyBytesPerPeriod == 1007 && settings.minimumWriteBytesPerPeriod == 1008)
        #expect(settings.continueTimeoutMilliseconds == 1009 && settings.maximumEventBlocks == 1010)
        #expect(!settings.cache.honorsRequestDirectives && settings.cache.hitForMissSeconds == 7)
        #expect(settings.cache.maximumVariants == 1011 && settings.cache.maximumRanges == 12)
        #expect(settings.cache.streamWindowBytes == 17 << 10)
    }

    @Test func aFieldLineIsNoLongerThanTheHead() throws {
        let settings = try read("edge: {max_header_bytes: 2KiB}").edgeSettings()
        #expect(settings.wireLimits.fieldLineBytes == 2 << 10)
    }

    @Test func origins() throws {
        let settings = try Settings(
            yaml:
                "origins: [{url: http://127.0.0.1:1, pending_timeout_ms: 1s, max_connect_failures: 2, connect_pause_ms: 3s}]"
        ).edgeSettings()
        let origin = try #require(settings.origins.first?.endpoints.first)
        #expect(origin.pendingTimeoutMilliseconds == 1000 && origin.failureThreshold == 2)
        #expect(origin.failurePauseMilliseconds == 3000)
    }

    @Test func logAndQueries() throws {
        let settings = try read(
            """
            log: {limits: {topics: 11, columns: 22}}
            query:
              watermark_delay_ms: 3s
              state_ttl_ms: 4s
              limits: {text_bytes: 2001, depth: 12, list_length: 2003, expression_nodes: 2004, plan_nodes: 2005,
                       plan_depth: 106, windows_per_row: 2007, grouping_sets: 2008, pattern_length: 2009,
                       match_offset: 2010, quantified_queries: 2014,
                       live_queue_batches: 2011, live_queue_bytes: 2MiB, generated_rows: 2013}
            """)
        let options = settings.logOptions()
        #expect(options.topicsMaximum == 11 && options.columnsMaximum == 22)
        let limits = settings.queryLimits
        #expect(limits.watermarkDelayMilliseconds == 3000 && limits.stateTimeToLiveMilliseconds == 4000)
        #expect(limits.liveQueueBatches == 2011 && limits.liveQueueBytes == 2 << 20 && limits.generatedRows == 2013)
        let sql = limits.sql
        #expect([sql.maximumTextBytes, sql.maximumDepth, sql.maximumListLength] == [2001, 12, 2003])
        #expect([sql.maximumExpressionNodes, sql.maximumPlanNodes, sql.maximumPlanDepth] == [2004, 2005, 106])
        #expect([sql.maximumWindowsPerRow, sql.maximumGroupingSets] == [2007, 2008])
        #expect([sql.maximumPatternLength, sql.maximumMatchOffset] == [2009, 2010])
        #expect(sql.maximumQuantifiedQueries == 2014)
    }

    private func read(_ text: String) throws -> Settings {
        try Settings(yaml: text + "\norigins: [{url: http://127.0.0.1:1}]\n")
    }
}
