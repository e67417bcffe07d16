import Bytes
import HTTPWire

extension CachedObject {
    /// Tells a stored response from every other one without keeping it, for what was derived from it. The number of a
    /// response comes again after 2³² others, but not within the second in which it was received.
    public struct Identity: Sendable, Equatable {
        let serial: UInt32
        let headEnd: Int
        let length: Int
        let freshness: Freshness
    }

    public var identity: Identity {
        Identity(serial: serial, headEnd: headRange.upperBound, length: bytes.count, freshness: freshness)
    }

    /// Whether both are one object in memory.
    func isIdentical(to other: CachedObject) -> Bool {
        bytes.withUnsafeBufferPointer { own in
            other.bytes.withUnsafeBufferPointer { own.baseAddress == $0.baseAddress }
        }
    }

    /// Whether no request that lacks these fields is answered otherwise than others by the response's `Vary`.
    /// - Parameter absent: without `.other`.
    func suitsAll(without absent: HeaderSet) -> Bool {
        guard hasVariance else { return true }
        let bytes = self.bytes
        return Variance.hasOnly(absent, in: bytes.span.extracting(varianceRange))
    }
}
