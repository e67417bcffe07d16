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
            for each in trailers.fields where each.id == .other {
                appendField(trailers.slice(each.name), trailers.slice(each.value), to: &output)
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
        var line = head.lineAfter(0)
        while line < head.count, head[line] != 0x0D {
            guard let colon = head.firstIndex(of: 0x3A, from: line),
                let end = head.firstIndex(of: 0x0D, from: colon)
            else { return }
            appendField(head.extracting(line..<colon), head.extracting(min(colon + 2, end)..<end), to: &output)
            line = end + 2
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

    private func appendField(_ name: Span<UInt8>, _ value: Span<UInt8>, to output: inout OutputSpan<UInt8>) {
        let index = names.index(name)
        if index == HPACKNames.ofConnection { return }
        HPACKInteger.append(index, prefix: 4, pattern: 0, to: &output)
        if index == 0 {
            HPACKInteger.append(name.count, prefix: 7, pattern: 0, to: &output)
            output.append(lowercasing: name)
        }
        HPACKInteger.append(value.count, prefix: 7, pattern: 0, to: &output)
        output.append(contentsOf: value)
    }
}

/// Field names as they are written by convention, with their index in the static table.
struct HPACKNames: Sendable {
    static let shared = HPACKNames()
    /// Instead of an index: HTTP/2 has no place for such a field (RFC 9113, 8.2.2).
    static let ofConnection = -1

    private static let slotCount = 256
    /// Place + 1 in `offsets`; 0 for none. A taken slot sends to the next.
    private let slots: [UInt8]
    private let offsets: [UInt16]
    private let indices: [Int8]
    private let bytes: [UInt8]

    init() {
        var entries: [(name: String, index: Int)] = []
        for (place, text) in HPACKStaticTable.texts.enumerated() where !text.name.hasPrefix(":") {
            entries.append((text.name, place + 1))
        }
        entries.removeAll { $0.name == "transfer-encoding" }
        for name in ["connection", "keep-alive", "proxy-connection", "transfer-encoding", "upgrade"] {
            entries.append((name, HPACKNames.ofConnection))
        }
        var slots = [UInt8](repeating: 0, count: HPACKNames.slotCount)
        var offsets: [UInt16] = [0]
        var indices: [Int8] = []
        var bytes: [UInt8] = []
        for (name, index) in entries {
            let conventional = HPACKNames.conventional(name)
            bytes += conventional
            offsets.append(UInt16(bytes.count))
            indices.append(Int8(index))
            var slot = HPACKNames.slot(conventional.span)
            while slots[slot] != 0 { slot = (slot + 1) & (HPACKNames.slotCount - 1) }
            slots[slot] = UInt8(indices.count)
        }
        self.slots = slots
        self.offsets = offsets
        self.indices = indices
        self.bytes = bytes
    }

    /// `content-type` → `Content-Type`, as most of the heads that this process writes have it.
    private static func conventional(_ name: String) -> [UInt8] {
        if name == "etag" { return Array("ETag".utf8) }
        var isFirst = true
        return name.utf8.map { byte in
            defer { isFirst = byte == 0x2D }
            return isFirst && byte &- 0x61 < 26 ? byte & ~0x20 : byte
        }
    }

    private static func slot(_ name: Span<UInt8>) -> Int {
        let count = name.count
        var hash = UInt32(truncatingIfNeeded: count)
        hash = hash &* 31 &+ UInt32(name[0] | 0x20)
        hash = hash &* 31 &+ UInt32(name[count - 1] | 0x20)
        hash = hash &* 31 &+ UInt32(name[count >> 1] | 0x20)
        return Int((hash &* 0x9E37_79B1) >> 24)
    }

    /// The static table's index of a name in any case; 0 where it has none, `ofConnection` for what is left out.
    func index(_ name: Span<UInt8>) -> Int {
        guard name.count > 0 else { return 0 }
        var slot = HPACKNames.slot(name)
        while true {
            let place = Int(slots[slot]) - 1
            guard place >= 0 else { return 0 }
            let range = Int(offsets[place])..<Int(offsets[place + 1])
            if range.count == name.count {
                let known = bytes.span.extracting(range)
                if known.isEqual(to: name) || known.equalsIgnoringCase(name) { return Int(indices[place]) }
            }
            slot = (slot + 1) & (HPACKNames.slotCount - 1)
        }
    }
}
