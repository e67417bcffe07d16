import Bytes

/// What the events of a page's stored fragments say beside what they share with the page's own. The loop hands it over
/// with the page's row, and the event thread makes rows of both: a fragment of the cache costs the loop no row.
final class FragmentEvents: Sendable {
    struct Fragment: Sendable {
        /// In `text`.
        var domain = EventRow.Text()
        var path = EventRow.Text()
        var query = EventRow.Text()
        var mimeType = EventRow.Text()
        var status: UInt16 = 0
        /// At the second of the events that it belongs to.
        var ageSeconds: Int64 = 0
        var bytes: Int64 = 0
        /// From the page's beginning to the look-up.
        var delayMicroseconds: Int64 = 0
        /// How long the look-up took; negative for as long as the page's slowest fragment.
        var nanoseconds: Int64 = -1
    }

    let fragments: [Fragment]
    let text: [UInt8]
    /// Since 1970: when the ages were right.
    let second: Int64

    init(_ fragments: [Fragment], text: [UInt8], second: Int64) {
        self.fragments = fragments
        self.text = text
        self.second = second
    }

    var memoryBytes: Int { 64 + fragments.capacity * MemoryLayout<Fragment>.stride + text.capacity }

    /// Gathers them.
    struct Draft {
        private var fragments: [Fragment] = []
        private var text: [UInt8] = []
        private var domain = EventRow.Text()

        var isEmpty: Bool { fragments.isEmpty }

        /// - Parameters:
        ///   - target: path and query.
        ///   - fragment: what else is known.
        mutating func add(
            domain: Span<UInt8>, target: Span<UInt8>, mimeType: Span<UInt8>, _ fragment: consuming Fragment
        ) {
            fragment.domain = keep(domain, unlessLike: fragments.last?.domain)
            let mark = target.firstIndex(of: 0x3F) ?? target.count
            fragment.path = keep(target.extracting(0..<mark))
            if mark < target.count { fragment.query = keep(target.extracting((mark + 1)...)) }
            if !mimeType.isEmpty { fragment.mimeType = keep(mimeType, unlessLike: fragments.last?.mimeType) }
            fragments.append(fragment)
        }

        func finish(second: Int64) -> FragmentEvents { FragmentEvents(fragments, text: text, second: second) }

        private mutating func keep(_ bytes: Span<UInt8>, unlessLike last: EventRow.Text? = nil) -> EventRow.Text {
            if let last, last.length != EventRow.Text.null {
                let start = Int(last.offset)
                if text.span.extracting(start..<start + Int(last.length)).isEqual(to: bytes) { return last }
            }
            let offset = text.count
            text.append(contentsOf: bytes)
            return EventRow.Text(
                offset: UInt32(truncatingIfNeeded: offset), length: UInt32(truncatingIfNeeded: bytes.count))
        }
    }
}

extension EventBlock {
    /// Puts rows of the fragments in front of those of their pages.
    func unfold() {
        guard foldedRows > 0 else { return }
        unfolded.removeAll(keepingCapacity: true)
        unfolded.reserveCapacity(rowCount)
        // Texts of a page that comes again and again are there once.
        var last: FragmentEvents?
        var offset: UInt32 = 0
        for row in rows {
            if row.page > 0, let events = pages[Int(row.page) - 1].fragments {
                if events !== last {
                    last = events
                    let text = events.text
                    offset = keep(text.span).offset
                }
                unfold(events, row, textOffset: offset)
            }
            unfolded.append(row)
        }
        swap(&rows, &unfolded)
        foldedRows = 0
    }

    private func unfold(_ events: FragmentEvents, _ page: EventRow, textOffset: UInt32) {
        let note = Int(page.page) - 1
        let slowest = pages[note].slowestNanoseconds
        let seconds = pages[note].second - events.second
        var row = page.asFragment()
        row.page = self.note(page: PageNote(parent: pages[note].name))
        for fragment in events.fragments {
            row.timestamp = page.timestamp + fragment.delayMicroseconds
            row.domain = fragment.domain.moved(by: textOffset)
            row.path = fragment.path.moved(by: textOffset)
            row.query = fragment.query.moved(by: textOffset)
            row.mimeType = fragment.mimeType.moved(by: textOffset)
            row.status = fragment.status
            row.ageSeconds = Int32(clamping: fragment.ageSeconds + seconds)
            row.responseBodyBytes = fragment.bytes
            row.responseBytes = fragment.bytes
            row.durationNanoseconds = fragment.nanoseconds < 0 ? slowest : fragment.nanoseconds
            row.firstByteNanoseconds = row.durationNanoseconds
            unfolded.append(row)
        }
    }
}

extension EventRow {
    /// What a page's row says of the client, for the row of a fragment that the cache had.
    fileprivate func asFragment() -> EventRow {
        var row = EventRow()
        row.clientHigh = clientHigh
        row.clientLow = clientLow
        row.clientPort = clientPort
        row.isSecure = isSecure
        row.tls = tls
        row.method = method
        row.userAgent = userAgent
        row.referrer = referrer
        row.cacheStatus = .hit
        row.hasRequest = true
        return row
    }
}

extension EventRow.Text {
    fileprivate func moved(by offset: UInt32) -> EventRow.Text {
        length == EventRow.Text.null ? self : EventRow.Text(offset: self.offset &+ offset, length: length)
    }
}
