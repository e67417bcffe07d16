/// What a load generator keeps of an answer.
struct LoadAnswer: Sendable {
    var status = 0
    var bodyBytes = 0
    /// From the first byte sent to the last byte received.
    var durationNanoseconds: Int64 = 0
    var etag: String?
    /// First Set-Cookie, without its attributes.
    var cookie: String?
}
