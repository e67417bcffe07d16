import Bytes
import Reactor
import Upstream

/// Rows on their way from one loop to the log. Owned by one thread at a time and handed over whole, which is what
/// makes it safe to send.
final class EventBlock: @unchecked Sendable {
    struct ErrorNote {
        var code: String
        var message: String
        var fault: Fault
    }

    struct Origin {
        let name: String
        let endpoint: OriginEndpoint?
        let address: SocketAddress?
        let version: OriginVersion?

        init(_ facts: OriginFacts, name: String) {
            self.name = name
            endpoint = facts.endpoint
            address = facts.address
            version = facts.version
        }

        func isSame(as facts: OriginFacts, _ name: String) -> Bool {
            endpoint === facts.endpoint && version == facts.version && address == facts.address && self.name == name
        }
    }

    /// What an assembled page cost, or which page a fragment belongs to.
    struct PageNote {
        var name = ""
        var parent = ""
        /// Negative for a fragment.
        var includes: Int64 = -1
        var failed: Int64 = 0
        var bytes: Int64 = 0
        /// Negative where there was none.
        var slowestNanoseconds: Int64 = -1
        var slowestURL: [UInt8] = []
        /// What guards and bounds of the page said no to.
        var refused: Int64 = 0
        /// The page's first error, whether it was answered or not.
        var errorCode = ""
        var errorMessage = ""
        /// The fragments that the cache had, and the second since 1970 in which they were found.
        var fragments: FragmentEvents?
        var second: Int64 = 0
    }

    @exclusivity(unchecked) var rows: [EventRow] = []
    /// Rows that `unfold` will add.
    @exclusivity(unchecked) var foldedRows = 0
    /// Room for it.
    @exclusivity(unchecked) var unfolded: [EventRow] = []
    var rowCount: Int { rows.count + foldedRows }
    @exclusivity(unchecked) var text: ByteArena
    @exclusivity(unchecked) var recent = RecentTexts()
    var errors: [ErrorNote] = []
    @exclusivity(unchecked) var origins: [Origin] = []
    var pages: [PageNote] = []
    var handshakes: [TLSFacts] = []
    var worker = 0
    /// For the batch that is made of it.
    var nulls = NullColumns(count: 0)

    private let textCapacity: Int
    private static let maximumKeptBytes = 4 << 20

    init(capacity: Int) {
        rows.reserveCapacity(capacity)
        textCapacity = capacity * 192
        text = ByteArena(capacity: textCapacity)
    }

    /// Empties it and keeps the memory, unless long texts made it large.
    func reset() {
        rows.removeAll(keepingCapacity: true)
        unfolded.removeAll(keepingCapacity: true)
        foldedRows = 0
        if text.memoryBytes > EventBlock.maximumKeptBytes { text = ByteArena(capacity: textCapacity) }
        text.removeAll()
        recent = RecentTexts()
        errors.removeAll()
        origins.removeAll()
        pages.removeAll(keepingCapacity: true)
        handshakes.removeAll()
    }

    func hasRow(_ isMeant: (borrowing EventRow) -> Bool) -> Bool {
        let rows = rows
        // By its place: an iterator would copy each row.
        let span = rows.span
        for index in span.indices where isMeant(span[index]) { return true }
        return false
    }

    func keep(_ bytes: Span<UInt8>) -> EventRow.Text {
        let offset = text.append(bytes)
        return EventRow.Text(
            offset: UInt32(truncatingIfNeeded: offset), length: UInt32(truncatingIfNeeded: bytes.count))
    }

    func note(error: ErrorNote) -> UInt16 {
        guard errors.count < Int(UInt16.max) else { return UInt16.max }
        errors.append(error)
        return UInt16(errors.count)
    }

    func note(page: PageNote) -> UInt16 {
        guard pages.count < Int(UInt16.max) else { return 0 }
        pages.append(page)
        foldedRows += page.fragments?.fragments.count ?? 0
        return UInt16(pages.count)
    }

    /// Requests of one connection mostly follow each other.
    func note(tls facts: TLSFacts) -> UInt16 {
        for index in handshakes.indices.suffix(4) where handshakes[index] === facts { return UInt16(index + 1) }
        guard handshakes.count < Int(UInt16.max) else { return UInt16.max }
        handshakes.append(facts)
        return UInt16(handshakes.count)
    }

    /// - Parameter name: of the origin that the endpoint belongs to.
    func note(origin facts: OriginFacts, name: String) -> UInt16 {
        for index in origins.indices where origins[index].isSame(as: facts, name) { return UInt16(index + 1) }
        guard origins.count < Int(UInt16.max) else { return UInt16.max }
        origins.append(Origin(facts, name: name))
        return UInt16(origins.count)
    }
}
