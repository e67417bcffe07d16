/// Finds the ``KnownHeader`` of a field name without a dictionary: one hash, one probe, one comparison.
struct HeaderNameTable: Sendable {
    static let shared = HeaderNameTable()

    private static let slotCount = 512
    /// Two ids a slot.
    private let slots: [UInt8]
    private let names: [UInt8]
    private let offsets: [UInt16]

    init() {
        var names: [UInt8] = []
        var offsets: [UInt16] = [0]
        var slots = [UInt8](repeating: 0, count: HeaderNameTable.slotCount * 2)
        for header in KnownHeader.allCases {
            var hash: UInt32 = 0
            for byte in header.name.utf8 {
                names.append(byte | 0x20)
                hash = HeaderNameTable.step(hash, byte)
            }
            offsets.append(UInt16(names.count))
            guard header != .other else { continue }
            let slot = HeaderNameTable.slot(hash)
            let free = slots[slot] == 0 ? slot : slot + 1
            precondition(slots[free] == 0, "three header names in one slot")
            slots[free] = header.rawValue
        }
        self.slots = slots
        self.names = names
        self.offsets = offsets
    }

    @inline(__always)
    static func step(_ hash: UInt32, _ byte: UInt8) -> UInt32 { hash &* 31 &+ UInt32(byte | 0x20) }

    @inline(__always)
    private static func slot(_ hash: UInt32) -> Int {
        Int((hash &* 0x9E37_79B1) >> (32 - 9)) * 2
    }

    /// - Parameter hash: ``step(_:_:)`` over the name's bytes, from 0.
    @inline(__always)
    func find(_ bytes: Span<UInt8>, start: Int, end: Int, hash: UInt32) -> KnownHeader {
        let slot = HeaderNameTable.slot(hash)
        if matches(slots[slot], bytes, start, end) { return KnownHeader(rawValue: slots[slot]) ?? .other }
        if matches(slots[slot + 1], bytes, start, end) { return KnownHeader(rawValue: slots[slot + 1]) ?? .other }
        return .other
    }

    func find(_ bytes: Span<UInt8>) -> KnownHeader {
        var hash: UInt32 = 0
        for index in bytes.indices { hash = HeaderNameTable.step(hash, bytes[index]) }
        return find(bytes, start: 0, end: bytes.count, hash: hash)
    }

    @inline(__always)
    private func matches(_ id: UInt8, _ bytes: Span<UInt8>, _ start: Int, _ end: Int) -> Bool {
        guard id != 0 else { return false }
        let from = Int(offsets[Int(id)])
        guard Int(offsets[Int(id) + 1]) - from == end - start else { return false }
        var index = 0
        while index < end - start {
            // A token byte that differs only in bit 5 from a letter is that letter in upper case; from "-" it is CR,
            // which is no token byte.
            if bytes[start + index] | 0x20 != names[from + index] { return false }
            index += 1
        }
        return true
    }
}

extension KnownHeader {
    /// The id of a field name in any case; `.other` for a name that is not listed.
    public init(name: Span<UInt8>) { self = HeaderNameTable.shared.find(name) }

    public init(name: String) {
        let bytes = Array(name.utf8)
        self = HeaderNameTable.shared.find(bytes.span)
    }
}
