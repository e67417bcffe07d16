extension CachedObject {
    /// Whether both are the same stored response with the same bytes, for what was derived from one of them. As long as
    /// the caller keeps one, no other response can come to lie where it does.
    public func sharesStorage(with other: CachedObject) -> Bool {
        guard body === other.body, segments === other.segments, bytes.count == other.bytes.count else { return false }
        return bytes.withUnsafeBufferPointer { own in
            other.bytes.withUnsafeBufferPointer { $0.baseAddress == own.baseAddress }
        }
    }
}
