public import Columns

/// The fields of topic `requests`, in the order of its columns (docs/events.md).
public enum RequestEventSchema {
    public static let topic = "requests"

    public static let schema = Schema([
        Field("@timestamp", .timestamp),
        Field("event.duration", .int64),
        Field("observer.name", .string),
        Field("process.thread.id", .int64),
        Field("client.ip", .ip),
        Field("client.port", .int64),
        Field("http.request.method", .string),
        Field("url.scheme", .string),
        Field("url.domain", .string),
        Field("url.path", .string),
        Field("url.query", .string),
        Field("http.version", .string),
        Field("http.response.status_code", .int64),
        Field("http.request.bytes", .int64),
        Field("http.request.body.bytes", .int64),
        Field("http.request.header.bytes", .int64),
        Field("http.response.bytes", .int64),
        Field("http.response.body.bytes", .int64),
        Field("http.response.header.bytes", .int64),
        Field("squilla.response.first_byte.duration", .int64),
        Field("cache.status", .string),
        Field("cache.detail", .string),
        Field("cache.age", .int64),
        Field("origin.name", .string),
        Field("origin.address", .string),
        Field("origin.endpoint", .string),
        Field("origin.tier", .string),
        Field("origin.status_code", .int64),
        Field("origin.connect.duration", .int64),
        Field("origin.first_byte.duration", .int64),
        Field("origin.duration", .int64),
        Field("origin.retries", .int64),
        Field("user_agent.original", .string),
        Field("http.request.referrer", .string),
        Field("http.response.mime_type", .string),
        Field("error.code", .string),
        Field("error.message", .string),
        Field("error.source", .string),
    ])
}
