/// The job that the demo runs: how many of the last minute's requests failed and how slow they were, said every ten seconds.
enum SampleJob {
    static let name = "error-rate"
    static let text = """
        SET 'job.owner' = 'demo';
        INSERT INTO error_rate
        SELECT window_start, window_end, COUNT(*) AS requests,
          COUNT(*) FILTER (WHERE http.response.status_code >= 500) AS errors,
          ROUND(100.0 * COUNT(*) FILTER (WHERE http.response.status_code >= 500) / COUNT(*), 2) AS error_percent,
          APPROX_PERCENTILE(event.duration, 0.99) / 1000000 AS p99_ms
        FROM TABLE(HOP(TABLE requests, DESCRIPTOR(`@timestamp`), INTERVAL '10' SECOND, INTERVAL '1' MINUTE))
        GROUP BY window_start, window_end
        """
}
