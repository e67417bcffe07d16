/// A stream that is open (RFC 9113, 5.1).
struct StreamState: Sendable {
    /// 0 for a slot that is free.
    var number: Int32 = 0
    /// The next one in a list of slots; -1 at its end.
    var next: Int32 = -1

    // The request.
    /// The client said that it is complete.
    var hasEnded = false
    /// Bytes of its body that still have to come; -1 where that is not known.
    var owed: Int64 = -1
    /// Bytes that came and are not used up yet.
    var held = 0
    /// Bytes that were used up, of which the client does not know.
    var unannounced = 0

    // The response.
    /// What the client takes now. Settings may make it negative (6.9.2).
    var window = 0
    var priority = HTTP2Priority()
    /// Something waits to be sent.
    var wantsTurn = false
    /// Is in the list of those whose turn comes.
    var isQueued = false
}
