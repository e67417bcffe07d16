import Edge
import EventLog
import Runtime
import Streams

extension ManagementService {
    /// `/metrics`: counters since the start, in Prometheus' names and base units.
    func serveMetrics(_ responder: Responder) {
        let edge = context.edge()
        var metrics = PrometheusText()
        metrics.family("squilla_build_info", .gauge, "The version that runs.")
        metrics.sample("squilla_build_info", [("version", context.version), ("edge", edge.name)], 1)
        Self.write(edge.counters, to: &metrics)
        Self.write(edge.cache, to: &metrics)
        Self.write(context.log, to: &metrics)
        metrics.single("squilla_queries_running", .gauge, "Queries that run now.", context.queries.runningQueries)
        metrics.single(
            "squilla_query_late_rows_total", .counter, "Rows that came after their window had closed.",
            context.queries.lateRows)
        metrics.single(
            "squilla_query_dropped_rows_total", .counter, "Rows that readers of live queries were too slow for.",
            context.queries.droppedRows)
        writeOrigins(to: &metrics)
        writeRules(to: &metrics)
        writeJobs(to: &metrics)
        let subscribers = subscriptions.figures
        metrics.single("squilla_subscriptions_open", .gauge, "Subscriptions now.", subscribers.open)
        metrics.single(
            "squilla_subscription_rows_total", .counter, "Rows sent to subscribers.", subscribers.sentRows)
        metrics.single(
            "squilla_subscription_lost_rows_total", .counter,
            "Rows that subscribers did not get: over their caps, or not read.", subscribers.lostRows)
        metrics.single("process_resident_memory_bytes", .gauge, "Resident memory.", ProcessFacts.residentBytes())
        metrics.single("process_cpu_seconds_total", .counter, "User and system time.", ProcessFacts.cpuSeconds())
        responder.respond(
            status: 200, headers: [("Content-Type", "text/plain; version=0.0.4; charset=utf-8")],
            body: Array(metrics.text.utf8))
    }

    private static func write(_ counters: EdgeCounters, to metrics: inout PrometheusText) {
        metrics.family("squilla_http_requests_total", .counter, "Requests by status class; class 0 got no answer.")
        for (index, count) in counters.requestsByClass.enumerated() {
            metrics.sample("squilla_http_requests_total", [("class", index == 0 ? "0" : "\(index)xx")], count)
        }
        metrics.family("squilla_cache_requests_total", .counter, "Requests by what the cache did.")
        for outcome in CacheOutcome.allCases {
            let count = counters.requestsByCacheOutcome[Int(outcome.rawValue)]
            metrics.sample("squilla_cache_requests_total", [("status", "\(outcome.text)")], count)
        }
        metrics.family(
            "squilla_http_request_duration_seconds", .histogram, "From the first byte in to the last byte out.")
        var cumulative: Int64 = 0
        for (bound, count) in zip(EdgeCounters.durationBounds, counters.durationBuckets) {
            cumulative += count
            metrics.sample("squilla_http_request_duration_seconds_bucket", [("le", "\(bound)")], cumulative)
        }
        let total = counters.durationBuckets.reduce(0, +)
        metrics.sample("squilla_http_request_duration_seconds_bucket", [("le", "+Inf")], total)
        metrics.sample("squilla_http_request_duration_seconds_sum", [], Double(counters.durationNanoseconds) / 1e9)
        metrics.sample("squilla_http_request_duration_seconds_count", [], total)
        metrics.single("squilla_http_received_bytes_total", .counter, "Bytes of requests.", counters.receivedBytes)
        metrics.single("squilla_http_sent_bytes_total", .counter, "Bytes of responses.", counters.sentBytes)
        metrics.single(
            "squilla_connections_accepted_total", .counter, "Client connections.", counters.acceptedConnections)
        metrics.single(
            "squilla_connections_refused_total", .counter, "Closed at once: too many were open.",
            counters.refusedConnections)
        metrics.single("squilla_connections_open", .gauge, "Client connections now.", counters.openConnections)
        metrics.single("squilla_origin_requests_total", .counter, "Requests sent to origins.", counters.originRequests)
        metrics.single(
            "squilla_origin_failures_total", .counter, "Of them, those that failed.", counters.originFailures)
        metrics.single("squilla_origin_retries_total", .counter, "Attempts after a first.", counters.originRetries)
        metrics.single("squilla_esi_pages_total", .counter, "Pages put together.", counters.assembledPages)
        metrics.single("squilla_esi_pages_failed_total", .counter, "Of them, those that failed.", counters.failedPages)
        metrics.single("squilla_esi_fragments_total", .counter, "Fragments asked for.", counters.fragments)
        metrics.single(
            "squilla_esi_fragments_failed_total", .counter, "Of them, those that could not be had.",
            counters.failedFragments)
        metrics.family("squilla_esi_errors_total", .counter, "Errors in pages, answered ones too, by their codes.")
        for (code, count) in counters.esiFaults.sorted(by: { $0.key < $1.key }) {
            metrics.sample("squilla_esi_errors_total", [("code", code)], count)
        }
        metrics.single(
            "squilla_events_recorded_total", .counter, "Request events handed to the log.", counters.recordedEvents)
        metrics.single(
            "squilla_events_dropped_total", .counter, "Request events lost on the way to the log.",
            counters.droppedEvents)
    }

    private static func write(_ cache: CacheFacts, to metrics: inout PrometheusText) {
        metrics.single("squilla_cache_objects", .gauge, "Stored objects.", cache.objects)
        metrics.single("squilla_cache_bytes", .gauge, "Memory of stored objects with their book-keeping.", cache.bytes)
        metrics.single("squilla_cache_limit_bytes", .gauge, "What they may take.", cache.limitBytes)
        metrics.single("squilla_cache_evictions_total", .counter, "Objects thrown out for room.", cache.evictions)
        metrics.single("squilla_cache_purged_total", .counter, "Objects that purges met.", cache.purged)
        metrics.single("squilla_cache_tags", .gauge, "Tags of stored objects.", cache.tags)
        cache.disk?.write(to: &metrics)
    }

    private static func write(_ log: EventLog, to metrics: inout PrometheusText) {
        let counters = log.counters
        metrics.single("squilla_log_appended_events_total", .counter, "Events written.", counters.appendedRows)
        metrics.single("squilla_log_appended_bytes_total", .counter, "Bytes of frames written.", counters.appendedBytes)
        metrics.single(
            "squilla_log_dropped_events_total", .counter, "Events dropped: the queue was full.", counters.droppedRows)
        metrics.single(
            "squilla_log_refused_events_total", .counter, "Events refused: the queue was full, the caller knows.",
            counters.refusedRows)
        metrics.single(
            "squilla_log_failed_events_total", .counter, "Events that could not be written.", counters.failedRows)
        metrics.single("squilla_log_write_errors_total", .counter, "Writes that failed.", counters.writeFailures)
        metrics.single("squilla_log_sync_errors_total", .counter, "Syncs that failed.", counters.syncFailures)
        metrics.single("squilla_log_syncs_total", .counter, "Syncs.", counters.syncs)
        metrics.single("squilla_log_queued_bytes", .gauge, "Batches that wait to be written.", counters.queuedBytes)
        metrics.family("squilla_log_topic_events", .gauge, "Events kept of a topic.")
        for topic in log.topics {
            let events = topic.partitions.reduce(0) { $0 + ($1.nextOffset - $1.firstOffset) }
            metrics.sample("squilla_log_topic_events", [("topic", topic.name)], events)
        }
        metrics.family("squilla_log_topic_bytes", .gauge, "Bytes kept of a topic.")
        for topic in log.topics {
            metrics.sample(
                "squilla_log_topic_bytes", [("topic", topic.name)], topic.partitions.reduce(0) { $0 + $1.bytes })
        }
    }
}
