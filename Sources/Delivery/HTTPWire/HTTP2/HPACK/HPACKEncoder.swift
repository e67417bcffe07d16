import Bytes

/// Writes a head as HTTP/1.1 has it, line by line, as a header block: names by their index in the static table,
/// everything else as it is. Neither Huffman code nor a dynamic table: for a response from a cache both cost more time
/// than the bytes are worth, and a block without them can be written at any time.
struct HPACKEncoder: Sendable {
    private let names = HPACKNames.shared

    /// Most bytes that a head of this length can become: a line brings four octets (": ", line end) and takes three, and
    /// up to eight more where lengths need more than one octet. With a frame's head and a size update.
    static func bound(_ count: Int) -> Int { HTTP2Frame.headBytes + 8 + count + count / 8 + 32 }

    /// Appends room for a frame's head and a whole block.
    /// - Parameters:
    ///   - head: written by `HeadWriter`: a status line, then `name: value CRLF`, up to the empty line. Fields about the
    ///     connection are left out.
    ///   - tableSize: a size update that goes first.
    func append(response head: Span<UInt8>, tableSize: Int?, to bytes: inout [UInt8]) {
        bytes.append(addingCapacity: HPACKEncoder.bound(head.count)) { output in
            HPACKEncoder.start(&output, tableSize)
            append(response: head, to: &output)
        }
    }

    /// The same with trailer fields that may be passed on: nothing that the edge or a cache acts on (RFC 9110, 6.5.1).
    func append(trailers: HeaderBlock, tableSize: Int?, to bytes: inout [UInt8]) {
        let bound = HPACKEncoder.bound(trailers.bytes.count) + 16 * trailers.fields.count
        bytes.append(addingCapacity: bound) { output in
            HPACKEncoder.start(&output, tableSize)
            let bytes = trailers.bytes.span
            for each in trailers.fields where each.id == .other {
                appendField(bytes, each.name.start, each.name.end, each.value.start, each.value.end, to: &output)
            }
        }
    }

    private static func start(_ output: inout OutputSpan<UInt8>, _ tableSize: Int?) {
        output.appendFrame(HTTP2Frame.Kind.headers, flags: 0, stream: 0, length: 0)
        if let tableSize { HPACKInteger.append(tableSize, prefix: 5, pattern: 0x20, to: &output) }
    }

    private func append(response head: Span<UInt8>, to output: inout OutputSpan<UInt8>) {
        // `HTTP/1.1 200 …`
        guard head.count > 12 else { return }
        appendStatus(head.extracting(9..<12), to: &output)
        var marks = InlineArray<32, LineMark>(repeating: LineMark())
        var line = head.lineAfter(0)
        while line < head.count {
            let count = head.markLines(from: line, &marks)
            for index in 0..<count {
                let (colon, end) = (Int(marks[index].colon), Int(marks[index].end))
                appendField(head, line, colon, min(colon + 2, end), end, to: &output)
                line = end + 2
            }
            if count < marks.count { return }
        }
    }

    private func appendStatus(_ status: Span<UInt8>, to output: inout OutputSpan<UInt8>) {
        switch (status[0], status[1], status[2]) {
        case (0x32, 0x30, 0x30): output.append(0x88)
        case (0x32, 0x30, 0x34): output.append(0x89)
        case (0x32, 0x30, 0x36): output.append(0x8a)
        case (0x33, 0x30, 0x34): output.append(0x8b)
        case (0x34, 0x30, 0x30): output.append(0x8c)
        case (0x34, 0x30, 0x34): output.append(0x8d)
        case (0x35, 0x30, 0x30): output.append(0x8e)
        default:
            // A literal with the name of index 8.
            output.append(0x08)
            output.append(3)
            output.append(contentsOf: status)
        }
    }

    /// - Parameters: where in `bytes` the name starts and ends, and the value.
    @inline(__always)
    private func appendField(
        _ bytes: Span<UInt8>, _ name: Int, _ nameEnd: Int, _ value: Int, _ valueEnd: Int,
        to output: inout OutputSpan<UInt8>
    ) {
        let index = names.index(bytes, name, nameEnd)
        let value = bytes.extracting(value..<valueEnd)
        if index > 0 {
            // The index of each of them takes two octets: none is below 15.
            guard value.count >= 127 else {
                let prefix = 0x0f | UInt32(truncatingIfNeeded: index &- 15) &<< 8
                return output.append(
                    prefix | UInt32(truncatingIfNeeded: value.count) &<< 16, count: 3, contentsOf: value)
            }
            output.append(0x0f)
            output.append(UInt8(truncatingIfNeeded: index &- 15))
        } else {
            if index < 0 { return }
            output.append(0)
            HPACKInteger.append(nameEnd - name, prefix: 7, pattern: 0, to: &output)
            output.append(lowercasing: bytes.extracting(name..<nameEnd))
        }
        HPACKInteger.append(value.count, prefix: 7, pattern: 0, to: &output)
        output.append(contentsOf: value)
    }
}

/// Names of the static table that a response may have, and those that HTTP/2 has no place for (RFC 9113, 8.2.2).
///
/// What tells them apart are their first and their last eight octets and their length, so that most names are known by
/// two comparisons of numbers.
struct HPACKNames: Sendable {
    static let shared = HPACKNames()
    /// Instead of an index.
    static let ofConnection = -1

    private struct Entry: Sendable {
        var first: UInt64 = 0
        var last: UInt64 = 0
        /// 0 for a slot that is free. A taken slot sends to the next.
        var length = 0
        var index = 0
    }

    private static let slotCount = 256
    private let slots: [Entry]

    init() {
        var names = HPACKStaticTable.texts.enumerated().map { (name: $1.name, index: $0 + 1) }
        names.removeAll { $0.name.hasPrefix(":") || $0.name == "transfer-encoding" }
        for name in ["connection", "keep-alive", "proxy-connection", "transfer-encoding", "upgrade"] {
            names.append((name, HPACKNames.ofConnection))
        }
        var slots = [Entry](repeating: Entry(), count: HPACKNames.slotCount)
        for (name, index) in names {
            let bytes = Array(name.utf8)
            var entry = HPACKNames.entry(bytes.span, 0, bytes.count)
            entry.index = index
            var slot = HPACKNames.slot(entry)
            while slots[slot].length != 0 { slot = (slot + 1) & (HPACKNames.slotCount - 1) }
            slots[slot] = entry
        }
        self.slots = slots
    }

    /// Letters in either case are one: an octet of a token that differs only in this bit from a letter is that letter.
    @inline(__always)
    private static func entry(_ bytes: Span<UInt8>, _ start: Int, _ end: Int) -> Entry {
        let count = end - start
        let folding: UInt64 = 0x2020_2020_2020_2020
        if count >= 8 {
            return Entry(
                first: bytes.load64(at: start) | folding, last: bytes.load64(at: end - 8) | folding, length: count)
        }
        let all = bytes.load64(at: start, count: count) | folding
        return Entry(first: all, last: all, length: count)
    }

    @inline(__always)
    private static func slot(_ entry: Entry) -> Int {
        let mixed = (entry.first ^ entry.last &<< 1 ^ UInt64(truncatingIfNeeded: entry.length)) &* 0x9E37_79B9_7F4A_7C15
        return Int(truncatingIfNeeded: mixed &>> 56)
    }

    /// The static table's index of a name in any case; 0 where it has none, `ofConnection` for what is left out.
    @inline(__always)
    func index(_ bytes: Span<UInt8>, _ start: Int, _ end: Int) -> Int {
        guard end > start else { return 0 }
        let wanted = HPACKNames.entry(bytes, start, end)
        var slot = HPACKNames.slot(wanted)
        while slots[slot].length != 0 {
            let entry = slots[slot]
            if entry.first == wanted.first, entry.last == wanted.last, entry.length == wanted.length,
                entry.length <= 16 || hasMiddle(bytes, start, end, entry.index)
            {
                return entry.index
            }
            slot = (slot + 1) & (HPACKNames.slotCount - 1)
        }
        return 0
    }

    /// For the few names that are longer than sixteen octets.
    private func hasMiddle(_ bytes: Span<UInt8>, _ start: Int, _ end: Int, _ index: Int) -> Bool {
        let name = bytes.extracting(start..<end)
        if index != HPACKNames.ofConnection { return name.equalsIgnoringCase(HPACKStaticTable.texts[index - 1].name) }
        return name.equalsIgnoringCase("transfer-encoding")
    }
}

extension Span where Element == UInt8 {
    /// The eight octets at `index`, the first one lowest.
    @inline(__always)
    fileprivate func load64(at index: Int) -> UInt64 {
        UInt64(littleEndian: bytes.unsafeLoadUnaligned(fromByteOffset: index, as: UInt64.self))
    }

    /// One to eight octets from `index` on, the first one lowest, zeros behind them.
    @inline(__always)
    fileprivate func load64(at index: Int, count length: Int) -> UInt64 {
        let unused = UInt64(8 - length) * 8
        if index + 8 <= count { return (load64(at: index) &<< unused) &>> unused }
        var number: UInt64 = 0
        for each in 0..<length { number |= UInt64(self[index + each]) &<< UInt64(8 * each) }
        return number
    }
}
