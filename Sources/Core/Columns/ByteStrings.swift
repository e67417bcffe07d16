/// Many byte strings end to end: string `i` is `bytes[offsets[i] ..< offsets[i + 1]]`.
public struct ByteStrings: Sendable, Equatable {
    /// `count + 1` ascending offsets; the first is 0.
    public var offsets: [UInt32]
    public var bytes: [UInt8]

    public init() {
        self.offsets = [0]
        self.bytes = []
    }

    /// - Precondition: offsets ascend from 0 to at most `bytes.count`.
    public init(offsets: [UInt32], bytes: [UInt8]) {
        precondition(offsets.first == 0 && Int(offsets[offsets.count - 1]) <= bytes.count)
        self.offsets = offsets
        self.bytes = bytes
    }

    public var count: Int { offsets.count - 1 }

    public func range(_ index: Int) -> Range<Int> { Int(offsets[index])..<Int(offsets[index + 1]) }

    /// The string at `index` for a face (display, JSON out, tests); never in a loop over rows on a hot path.
    public func string(_ index: Int) -> String { String(decoding: bytes[range(index)], as: UTF8.self) }

    public mutating func append(_ value: some Collection<UInt8>) {
        bytes.append(contentsOf: value)
        offsets.append(UInt32(bytes.count))
    }

    public mutating func append(bytes value: [UInt8]) {
        bytes.append(contentsOf: value)
        offsets.append(UInt32(bytes.count))
    }

    public mutating func append(string value: String) {
        var value = value
        value.withUTF8 { bytes.append(contentsOf: $0) }
        offsets.append(UInt32(bytes.count))
    }

    public mutating func removeAll(keepingCapacity: Bool) {
        bytes.removeAll(keepingCapacity: keepingCapacity)
        offsets.removeAll(keepingCapacity: keepingCapacity)
        offsets.append(0)
    }
}
