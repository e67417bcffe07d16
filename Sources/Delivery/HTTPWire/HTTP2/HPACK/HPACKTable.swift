import Bytes

/// The dynamic table of a decoder (RFC 7541, 2.3.2): octets end to end in one buffer, fields in a ring. It takes memory
/// as it fills, at most twice its bound.
struct HPACKTable: Sendable {
    /// What a peer may use without being told otherwise, which this side never does (RFC 9113, 6.5.2).
    static let boundBytes = 4096

    private var bytes: [UInt8] = []
    private var ring: [HPACKField] = []
    /// Where in the ring the next field goes.
    private var next = 0
    private(set) var count = 0
    /// As RFC 7541, 4.1 counts it.
    private(set) var size = 0
    private(set) var limit = HPACKTable.boundBytes

    /// - Parameter index: 0 for the newest.
    func field(_ index: Int) -> HPACKField? {
        guard index < count else { return nil }
        return ring[(next - 1 - index) & (ring.count - 1)]
    }

    /// A field's octets.
    @_lifetime(borrow self)
    func octets(_ field: HPACKField) -> Span<UInt8> { bytes.span.extracting(field.octets) }

    /// A size update: drops the oldest until the rest fits.
    /// - Precondition: at most `boundBytes`.
    mutating func setLimit(_ limit: Int) {
        self.limit = limit
        evict(to: limit)
    }

    /// Adds a field; one that is larger than the table only empties it (4.4).
    /// - Parameter octets: elsewhere; see `HPACKField`.
    mutating func add(_ field: HPACKField, _ octets: Span<UInt8>) {
        let size = Int(field.size)
        evict(to: limit - size)
        guard size <= limit else { return }
        if bytes.count + octets.count > 2 * HPACKTable.boundBytes { compact() }
        if count == ring.count { growRing() }
        var kept = field
        kept.offset = UInt32(bytes.count)
        bytes.append(contentsOf: octets)
        ring[next] = kept
        next = (next + 1) & (ring.count - 1)
        count += 1
        self.size += size
    }

    private mutating func evict(to size: Int) {
        while count > 0, self.size > size {
            self.size -= Int(ring[(next - count) & (ring.count - 1)].size)
            count -= 1
        }
        if count == 0, !bytes.isEmpty { bytes.removeAll(keepingCapacity: true) }
    }

    /// Takes out what lies before the oldest field.
    private mutating func compact() {
        guard count > 0 else { return bytes.removeAll(keepingCapacity: true) }
        let start = ring[(next - count) & (ring.count - 1)].offset
        bytes.removeSubrange(0..<Int(start))
        for index in 0..<count { ring[(next - 1 - index) & (ring.count - 1)].offset -= start }
    }

    private mutating func growRing() {
        var larger = [HPACKField](repeating: HPACKField(), count: max(8, 2 * ring.count))
        for index in 0..<count { larger[count - 1 - index] = ring[(next - 1 - index) & (ring.count - 1)] }
        ring = larger
        next = count
    }
}
