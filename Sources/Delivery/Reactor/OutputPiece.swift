/// A run of bytes to send: either of the connection's own output buffer or of a shared immutable segment.
struct OutputPiece {
    var shared: [UInt8]?
    var start: Int
    var end: Int

    var count: Int { end - start }
}
