import Bytes
import HTTPWire

/// The beginning of a request's body that was sent to an origin of HTTP/2, until that can't say any more that it did nothing
/// for the request (RFC 9113, 8.7): then it goes out again, whatever the method.
struct HeldBody {
    /// Of a longer body nothing is held.
    static let limitBytes = 64 << 10

    private(set) var bytes: [UInt8] = []
    private(set) var trailers: HeaderBlock?
    /// All that was sent is here.
    private(set) var isWhole = true

    mutating func append(_ piece: Span<UInt8>) {
        guard isWhole else { return }
        guard bytes.count + piece.count <= Self.limitBytes else { return forget() }
        piece.withUnsafeBufferPointer { bytes.append(contentsOf: $0) }
    }

    /// What waits for a connection can't be let go of.
    mutating func appendWaiting(_ piece: Span<UInt8>) {
        piece.withUnsafeBufferPointer { bytes.append(contentsOf: $0) }
    }

    mutating func end(_ trailers: HeaderBlock) { self.trailers = trailers }

    mutating func forget() {
        bytes = []
        isWhole = false
    }
}
