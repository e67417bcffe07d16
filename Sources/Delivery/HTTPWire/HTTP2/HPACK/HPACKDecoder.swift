import Bytes

/// Reads header blocks (RFC 7541) straight into the head of a request.
struct HPACKDecoder: Sendable {
    private let fixed = HPACKStaticTable.shared
    private let huffman = HPACKHuffman.shared
    private let names = HeaderNameTable.shared
    private(set) var table = HPACKTable()
    /// A name as it came, where it was compressed.
    private var name: [UInt8] = []

    /// Reads a whole block. What the head has no place for is read all the same, for the table's sake.
    /// - Returns: false for a block that can't be read; the tables of the two sides then differ for good.
    mutating func decode(_ block: Span<UInt8>, into builder: inout HTTP2RequestBuilder) -> Bool {
        var position = 0
        var isAtStart = true
        while position < block.count {
            let first = block[position]
            if first >= 0x80 {
                guard let index = HPACKInteger.read(block, &position, prefix: 7), addIndexed(index, &builder) else {
                    return false
                }
            } else if first >= 0x40 {
                guard addLiteral(block, &position, prefix: 6, isKept: true, &builder) else { return false }
            } else if first >= 0x20 {
                guard isAtStart, let limit = HPACKInteger.read(block, &position, prefix: 5),
                    limit <= HPACKTable.boundBytes
                else { return false }
                table.setLimit(limit)
                continue
            } else {
                guard addLiteral(block, &position, prefix: 4, isKept: false, &builder) else { return false }
            }
            isAtStart = false
        }
        return true
    }

    private func addIndexed(_ index: Int, _ builder: inout HTTP2RequestBuilder) -> Bool {
        if index > HPACKStaticTable.count {
            guard let field = table.field(index - HPACKStaticTable.count - 1) else { return false }
            builder.add(field, table.octets(field))
            return true
        }
        guard index > 0 else { return false }
        let field = fixed.fields[index - 1]
        builder.add(field, fixed.bytes.span.extracting(field.octets))
        return true
    }

    private mutating func addLiteral(
        _ block: Span<UInt8>, _ position: inout Int, prefix: Int, isKept: Bool, _ builder: inout HTTP2RequestBuilder
    ) -> Bool {
        guard let index = HPACKInteger.read(block, &position, prefix: prefix) else { return false }
        let start = builder.head.block.bytes.count
        var field = HPACKField()
        let nameSize: Int
        if index == 0 {
            guard let size = newName(block, &position, &field, &builder) else { return false }
            nameSize = size
        } else {
            guard let size = knownName(index, &field, &builder) else { return false }
            nameSize = size
        }
        let valueStart = builder.head.block.bytes.count
        guard appendString(block, &position, &builder) else { return false }
        let valueSize = builder.head.block.bytes.count - valueStart
        field.nameLength = UInt16(clamping: valueStart - start)
        field.valueLength = UInt16(clamping: valueSize)
        field.size = UInt32(nameSize + valueSize + 32)
        field.hasCleanValue = field.kind.allows(builder.head.block.bytes.span.extracting(valueStart...))
        if isKept { table.add(field, builder.head.block.bytes.span.extracting(start...)) }
        builder.take(field, at: start)
        return true
    }

    /// Takes the name of a table's field over; returns its length as it is counted.
    private func knownName(_ index: Int, _ field: inout HPACKField, _ builder: inout HTTP2RequestBuilder) -> Int? {
        if index > HPACKStaticTable.count {
            guard let known = table.field(index - HPACKStaticTable.count - 1) else { return nil }
            (field.kind, field.id) = (known.kind, known.id)
            builder.head.block.bytes.append(contentsOf: table.octets(known).extracting(..<Int(known.nameLength)))
            return Int(known.size) - Int(known.valueLength) - 32
        }
        let known = fixed.fields[index - 1]
        (field.kind, field.id) = (known.kind, known.id)
        if known.nameLength > 0 {
            let octets = fixed.bytes.span.extracting(known.octets)
            builder.head.block.bytes.append(contentsOf: octets.extracting(..<Int(known.nameLength)))
        }
        return Int(fixed.nameLengths[index - 1])
    }

    private mutating func newName(
        _ block: Span<UInt8>, _ position: inout Int, _ field: inout HPACKField, _ builder: inout HTTP2RequestBuilder
    ) -> Int? {
        guard let (octets, isCompressed) = string(block, &position) else { return nil }
        if !isCompressed { return take(block.extracting(octets), &field, &builder) }
        name.removeAll(keepingCapacity: true)
        guard huffman.decode(block.extracting(octets), into: &name) else { return nil }
        return take(name.span, &field, &builder)
    }

    private func take(_ name: Span<UInt8>, _ field: inout HPACKField, _ builder: inout HTTP2RequestBuilder) -> Int {
        (field.kind, field.id) = HPACKFieldKind.classify(name, names)
        switch field.kind {
        case .regular, .cookie, .te, .priority: builder.head.block.bytes.append(contentsOf: name)
        case .authority: builder.head.block.bytes.append(contentsOf: "host")
        case .method, .path, .scheme, .foreignPseudo, .ofConnection, .malformedName: break
        }
        return name.count
    }

    private func appendString(
        _ block: Span<UInt8>, _ position: inout Int, _ builder: inout HTTP2RequestBuilder
    ) -> Bool {
        guard let (octets, isCompressed) = string(block, &position) else { return false }
        if isCompressed { return huffman.decode(block.extracting(octets), into: &builder.head.block.bytes) }
        builder.head.block.bytes.append(contentsOf: block.extracting(octets))
        return true
    }

    /// Where a string of RFC 7541, 5.2 is, as it is coded.
    @inline(__always)
    private func string(_ block: Span<UInt8>, _ position: inout Int) -> (octets: Range<Int>, isCompressed: Bool)? {
        guard position < block.count else { return nil }
        let isCompressed = block[position] & 0x80 != 0
        guard let count = HPACKInteger.read(block, &position, prefix: 7), count <= block.count - position else {
            return nil
        }
        position += count
        return (position - count..<position, isCompressed)
    }
}
