import Bytes

/// Finds the ``KnownHeader`` of a field name without a dictionary: one hash of a few octets, one probe, one comparison.
struct HeaderNameTable: Sendable {
    static let shared = HeaderNameTable()

    private static let slotCount = 512
    /// Two ids a slot.
    private let slots: [UInt8]
    /// In the spelling of convention, one after the other.
    private let names: [UInt8]
    private let offsets: [UInt16]

    init() {
        var names: [UInt8] = []
        var offsets: [UInt16] = [0]
        var slots = [UInt8](repeating: 0, count: HeaderNameTable.slotCount * 2)
        for header in KnownHeader.allCases {
            names.append(contentsOf: header.name.utf8)
            let start = Int(offsets[offsets.count - 1])
            offsets.append(UInt16(names.count))
            guard header != .other else { continue }
            let slot = HeaderNameTable.slot(names.span.extracting(start...))
            let free = slots[slot] == 0 ? slot : slot + 1
            precondition(slots[free] == 0, "three header names in one slot")
            slots[free] = header.rawValue
        }
        self.slots = slots
        self.names = names
        self.offsets = offsets
    }

    /// - Precondition: the name is not empty.
    @inline(__always)
    private static func slot(_ name: Span<UInt8>) -> Int {
        let count = name.count
        let ends = UInt32(name[0] | 0x20) << 8 | UInt32(name[count - 1] | 0x20)
        let middle = UInt32(name[count / 2] | 0x20) << 16 | UInt32(count & 0xFF) << 24
        return Int(((ends | middle) &* 0x9E37_79B1) >> (32 - 9)) * 2
    }

    /// The id of a name in the spelling of convention, which is made of token octets alone; `.other` for all else.
    func find(conventional name: Span<UInt8>) -> KnownHeader {
        guard name.count > 0 else { return .other }
        let slot = HeaderNameTable.slot(name)
        if slots[slot] != 0, self.name(slots[slot]).isEqual(to: name) { return id(slot) }
        if slots[slot + 1] != 0, self.name(slots[slot + 1]).isEqual(to: name) { return id(slot + 1) }
        return .other
    }

    /// The id of a name in any case.
    func find(_ name: Span<UInt8>) -> KnownHeader {
        guard name.count > 0 else { return .other }
        let slot = HeaderNameTable.slot(name)
        if slots[slot] != 0, self.name(slots[slot]).equalsIgnoringCase(name) { return id(slot) }
        if slots[slot + 1] != 0, self.name(slots[slot + 1]).equalsIgnoringCase(name) { return id(slot + 1) }
        return .other
    }

    @inline(__always)
    private func id(_ place: Int) -> KnownHeader { KnownHeader(rawValue: slots[place]) ?? .other }

    @inline(__always)
    @_lifetime(borrow self)
    private func name(_ id: UInt8) -> Span<UInt8> {
        names.span.extracting(Int(offsets[Int(id)])..<Int(offsets[Int(id) + 1]))
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
