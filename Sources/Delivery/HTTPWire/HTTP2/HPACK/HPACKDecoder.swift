import Bytes

/// Reads header blocks (RFC 7541) straight into the head of a request.
struct HPACKDecoder: Sendable {
    private let fixed = HPACKStaticTable.shared
    private let huffman = HPACKHuffman.shared
    private let names = HeaderNameTable.shared
    private(set) var table = HPACKTable()

    /// Reads a whole block. What the head has no place for is read all the same, for the table's sake.
    /// - Returns: false for a block that can't be read; the tables of the two sides then differ for good.
    mutating func decode(_ block: Span<UInt8>, into builder: inout HTTP2RequestBuilder) -> Bool {
        var octets: [UInt8] = []
        swap(&octets, &builder.head.block.bytes)
        var position = 0
        var isAtStart = true
        // What most blocks become; the rest grows as it must.
        var room = 2 * block.count + 128
        var outcome = Step.done
        while position < block.count {
            builder.readBytes = octets.count
            octets.append(addingCapacity: room) { output in
                repeat {
                    outcome = step(block, &position, &isAtStart, &output, &builder)
                } while outcome == .done && position < block.count
            }
            switch outcome {
            case .done: break
            case .needs(let count): room = count + octets.count
            case .failed: position = block.count
            }
        }
        swap(&octets, &builder.head.block.bytes)
        return outcome != .failed
    }

    private enum Step: Equatable {
        case done, failed
        /// Nothing was done: first, there must be room for so many octets.
        case needs(Int)
    }

    /// One field, or a size update.
    @inline(__always)
    private mutating func step(
        _ block: Span<UInt8>, _ position: inout Int, _ isAtStart: inout Bool, _ output: inout OutputSpan<UInt8>,
        _ builder: inout HTTP2RequestBuilder
    ) -> Step {
        let first = block[position]
        if first >= 0x80 {
            isAtStart = false
            return addIndexed(block, &position, &output, &builder)
        }
        if first & 0xe0 == 0x20 {
            guard isAtStart, let limit = HPACKInteger.read(block, &position, prefix: 5), limit <= HPACKTable.boundBytes
            else { return .failed }
            table.setLimit(limit)
            return .done
        }
        isAtStart = false
        return addLiteral(block, &position, isKept: first >= 0x40, &output, &builder)
    }

    private func addIndexed(
        _ block: Span<UInt8>, _ position: inout Int, _ output: inout OutputSpan<UInt8>,
        _ builder: inout HTTP2RequestBuilder
    ) -> Step {
        var next = position
        guard let index = HPACKInteger.read(block, &next, prefix: 7), index > 0 else { return .failed }
        if index > HPACKStaticTable.count {
            guard let field = table.field(index - HPACKStaticTable.count - 1) else { return .failed }
            guard field.octets.count <= output.freeCapacity else { return .needs(field.octets.count) }
            builder.add(field, table.octets(field), to: &output)
        } else {
            let field = fixed.fields[index - 1]
            guard field.octets.count <= output.freeCapacity else { return .needs(field.octets.count) }
            builder.add(field, fixed.bytes.span.extracting(field.octets), to: &output)
        }
        position = next
        return .done
    }

    // MARK: Literals

    /// A string of RFC 7541, 5.2: where it is, as it is coded.
    private struct Text {
        var range: Range<Int>
        var isCompressed: Bool

        /// Most octets that it stands for.
        var bound: Int { isCompressed ? HPACKHuffman.decodedBound(range.count) : range.count }
    }

    @inline(__always)
    private func text(_ block: Span<UInt8>, _ position: inout Int) -> Text? {
        guard position < block.count else { return nil }
        let isCompressed = block[position] & 0x80 != 0
        guard let count = HPACKInteger.read(block, &position, prefix: 7), count <= block.count - position else {
            return nil
        }
        position += count
        return Text(range: position - count..<position, isCompressed: isCompressed)
    }

    @inline(__always)
    private func append(_ text: Text, of block: Span<UInt8>, to output: inout OutputSpan<UInt8>) -> Bool {
        if text.isCompressed { return huffman.decode(block.extracting(text.range), into: &output) }
        output.append(contentsOf: block.extracting(text.range))
        return true
    }

    private mutating func addLiteral(
        _ block: Span<UInt8>, _ position: inout Int, isKept: Bool, _ output: inout OutputSpan<UInt8>,
        _ builder: inout HTTP2RequestBuilder
    ) -> Step {
        var next = position
        guard let index = HPACKInteger.read(block, &next, prefix: isKept ? 6 : 4) else { return .failed }
        var newName: Text?
        if index == 0 {
            newName = text(block, &next)
            if newName == nil { return .failed }
        }
        guard let value = text(block, &next) else { return .failed }
        let start = output.count
        var field = HPACKField()
        let nameSize: Int
        if let newName {
            // `host` may be longer than what it stands for.
            let bound = newName.bound + value.bound + 4
            guard bound <= output.freeCapacity else { return .needs(bound) }
            guard append(newName, of: block, to: &output) else { return .failed }
            nameSize = output.count - start
            (field.kind, field.id) = HPACKFieldKind.classify(output.span.extracting(start...), names)
            if !field.kind.keepsName {
                output.removeLast(nameSize)
                if field.kind == .authority { output.append(contentsOf: HPACKDecoder.host.span) }
            }
        } else {
            guard
                let known = index > HPACKStaticTable.count
                    ? table.field(index - HPACKStaticTable.count - 1) : fixed.fields[index - 1]
            else { return .failed }
            let bound = Int(known.nameLength) + value.bound
            guard bound <= output.freeCapacity else { return .needs(bound) }
            (field.kind, field.id) = (known.kind, known.id)
            nameSize = Int(known.size) - Int(known.valueLength) - 32
            if known.nameLength == 0 {
                // Nothing to take over.
            } else if index > HPACKStaticTable.count {
                output.append(contentsOf: table.octets(known).extracting(..<Int(known.nameLength)))
            } else {
                let octets = fixed.bytes.span.extracting(known.octets)
                output.append(contentsOf: octets.extracting(..<Int(known.nameLength)))
            }
        }
        let valueStart = output.count
        guard append(value, of: block, to: &output) else { return .failed }
        let valueSize = output.count - valueStart
        field.nameLength = UInt16(clamping: valueStart - start)
        field.valueLength = UInt16(clamping: valueSize)
        field.size = UInt32(nameSize + valueSize + 32)
        field.hasCleanValue = field.kind.allows(output.span.extracting(valueStart...))
        if isKept { table.add(field, output.span.extracting(start...)) }
        builder.take(field, at: start, &output)
        position = next
        return .done
    }

    private static let host: [UInt8] = Array("host".utf8)
}
