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
                       pipelined_bytes: 1025, requests_per_connection: 1006, min_body_bytes_per_second: 1007,
                       min_write_bytes: 1008, continue_timeout_ms: 1009, event_blocks: 1010,
                       event_wait_ms: 1011}
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
        #expect(settings.minimumBodyBytesPerSecond == 1007 && settings.minimumWriteBytesPerPeriod == 1008)
        #expect(settings.continueTimeoutMilliseconds == 1009 && settings.maximumEventBlocks == 1010)
        #expect(settings.eventWaitMilliseconds == 1011)
        #expect(!settings.cache.honorsRequestDirectives && settings.cache.hitForMissSeconds == 7)
        #expect(settings.cache.maximumVariants == 1011 && settings.cache.maximumRanges == 12)
        #expect(settings.cache.streamWindowBytes == 17 << 10)
    }

    @Test func http2() throws {
        let limits = try read(
            """
            edge:
              http2: {max_streams: 11, stream_window_bytes: 70000, connection_window_bytes: 80000, resets_per_second: 12,
                      control_frames_per_second: 13, continuation_frames: 14, settings_per_frame: 15}
            """
        ).edgeSettings().http2
        #expect(
            [limits.maximumStreams, limits.streamWindowBytes, limits.connectionWindowBytes] == [11, 70_000, 80_000])
        #expect([limits.resetsPerSecond, limits.resetBurst] == [12, 48])
        #expect([limits.controlsPerSecond, limits.controlBurst] == [13, 78])
        #expect([limits.continuationFrames, limits.settingsPerFrame] == [14, 15])
        let untouched = try read("edge: {}").edgeSettings().http2
        #expect(untouched == HTTP2Limits())
    }

    /// What the file says of a head's frames is what a client meets.
    @Test(arguments: [0, 5]) func continuationFrames(limit: Int) throws {
        let settings = try read("edge: {max_header_bytes: 4KiB, http2: {continuation_frames: \(limit)}}").edgeSettings()
        // A head of 4 KiB may need one more, uncompressed or in many small strings.
        for (count, passes) in [(limit + 1, true), (limit + 2, false)] {
            // A request for / in static codes, and so many frames, all but the first of them empty.
            var bytes = frame(1, flags: 1, stream: 1, [0x82, 0x86, 0x84, 0x41, 1, 0x61])
            for index in 1...count { bytes += frame(9, flags: index == count ? 4 : 0, stream: 1, []) }
            #expect(isTaken(bytes, settings) == passes)
        }
    }

    @Test(arguments: [6, 40]) func settingsPerFrame(limit: Int) throws {
        let settings = try read("edge: {http2: {settings_per_frame: \(limit)}}").edgeSettings()
        for (count, passes) in [(limit, true), (limit + 1, false)] {
            // Of a number that nobody knows, which is ignored.
            let payload = Array((0..<count).map { _ in [0xF0, 0, 0, 0, 0, 1] as [UInt8] }.joined())
            #expect(isTaken(frame(4, flags: 0, stream: 0, payload), settings) == passes)
        }
    }

    @Test(arguments: [
        "continuation_frames: -1", "continuation_frames: 10001", "settings_per_frame: 5", "settings_per_frame: 2731",
    ])
    func http2OutOfBounds(text: String) throws {
        let error = #expect(throws: (any Error).self) { try read("edge: {http2: {\(text)}}") }
        #expect("\(try #require(error))".contains(text.prefix { $0 != ":" }))
    }

    private func frame(_ type: UInt8, flags: UInt8, stream: UInt8, _ payload: [UInt8]) -> [UInt8] {
        [0, UInt8(payload.count >> 8), UInt8(payload.count & 255), type, flags, 0, 0, 0, stream] + payload
    }

    /// A session of these settings goes on after the client's preface and these frames.
    private func isTaken(_ frames: [UInt8], _ settings: EdgeSettings) -> Bool {
        var session = HTTP2Session(limits: settings.http2, wire: settings.wireLimits, now: 0)
        let bytes = Array("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".utf8) + frame(4, flags: 0, stream: 0, []) + frames
        var position = 0
        while true {
            switch session.next(bytes.span, &position, now: 0) {
            case .nothing: return true
            case .failed: return false
            default: continue
            }
        }
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
