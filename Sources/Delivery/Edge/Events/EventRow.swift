import HTTPWire

/// One request as the loop notes it: numbers in place, texts as ranges of the block's byte buffer. Plain bytes without
/// a reference, so that writing a row is a copy; the columns are made from a block of rows on another thread.
struct EventRow {
    /// A text of the block; `length` is `Text.null` where there is none.
    struct Text: Equatable {
        static let null = UInt32.max
        var offset: UInt32 = 0
        var length: UInt32 = Text.null
    }

    /// In the order of `EventColumns.versions`.
    enum Version: UInt8 { case http11, http10, http2 }

    /// Microseconds since 1970.
    var timestamp: Int64 = 0
    var durationNanoseconds: Int64 = 0
    /// Negative where no byte was sent.
    var firstByteNanoseconds: Int64 = -1
    var clientHigh: UInt64 = 0
    var clientLow: UInt64 = 0
    var requestBodyBytes: Int64 = 0
    /// As received, with chunk framing.
    var requestBytes: Int64 = 0
    var responseBodyBytes: Int64 = 0
    var responseBytes: Int64 = 0
    var requestHeaderBytes: Int32 = 0
    var responseHeaderBytes: Int32 = 0
    /// Negative where nothing stored was served.
    var ageSeconds: Int32 = -1
    var clientPort: UInt16 = 0
    var status: UInt16 = 0
    var cacheStatus: CacheOutcome = .none
    /// Why the request went forward; nil where it did not: `cache.detail`.
    var forward: CacheStatus.Forward?
    /// Whether a request line was understood; without one the fields of the request are null.
    var hasRequest = false
    /// The client asked over https, of us or of a trusted proxy.
    var isSecure = false
    var version = Version.http11
    /// Index + 1 in the block's handshakes; 0 without TLS.
    var tls: UInt16 = 0
    /// Index + 1 in the block's errors; 0 for none.
    var error: UInt16 = 0
    /// Index + 1 in the block's notes of pages; 0 for none.
    var page: UInt16 = 0
    /// Index + 1 in the block's origins; 0 where no origin was asked.
    var origin: UInt16 = 0
    var originStatus: UInt16 = 0
    var originRetries: UInt16 = 0
    /// Negative on a reused connection.
    var originConnectNanoseconds: Int64 = -1
    var originFirstByteNanoseconds: Int64 = -1
    var originNanoseconds: Int64 = -1
    var method = Text()
    var domain = Text()
    var path = Text()
    var query = Text()
    var userAgent = Text()
    var referrer = Text()
    var mimeType = Text()
    var rules = Text()
}
