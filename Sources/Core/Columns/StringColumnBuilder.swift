import Bytes

/// Byte strings on their way into a column: a dictionary as long as values repeat, plain bytes from then on.
struct StringColumnBuilder: Sendable {
    private enum Mode { case dictionary, plain }

    /// More distinct values than this are not worth a dictionary.
    private static let maximumDistinct = 1024
    private static let slotCount = 2048
    /// Batches that stay plain after one whose values did not repeat, before a dictionary is tried again.
    private static let plainBatches = 15

    private var mode = Mode.dictionary
    private var codes: [UInt32] = []
    private var values = ByteStrings()
    /// Open addressing: the hash's upper half and code + 1, or 0 for an empty slot.
    private var slots: [UInt64] = []
    private var lastCode: UInt32?
    private var capacity = 1
    private var batchesToStayPlain = 0

    mutating func reserve(rows: Int) {
        capacity = rows
        switch mode {
        case .dictionary: codes.reserveCapacity(rows)
        case .plain: values.offsets.reserveCapacity(rows + 1)
        }
    }

    mutating func append(_ value: UnsafeBufferPointer<UInt8>) {
        switch mode {
        case .plain: appendPlain(value)
        case .dictionary: appendCode(value)
        }
    }

    mutating func appendNull() {
        switch mode {
        case .plain: values.offsets.append(UInt32(truncatingIfNeeded: values.bytes.count))
        case .dictionary: codes.append(lastCode ?? 0)
        }
    }

    /// Takes the last row back; its value may stay in the dictionary, unused.
    mutating func removeLast() {
        switch mode {
        case .plain:
            values.offsets.removeLast()
            values.bytes.removeLast(values.bytes.count - Int(values.offsets[values.offsets.count - 1]))
        case .dictionary: codes.removeLast()
        }
    }

    private mutating func appendPlain(_ value: UnsafeBufferPointer<UInt8>) {
        values.bytes.append(contentsOf: value)
        values.offsets.append(ByteStrings.checkedOffset(values.bytes.count))
    }

    private mutating func appendCode(_ value: UnsafeBufferPointer<UInt8>) {
        if let last = lastCode, isValue(last, value) {
            codes.append(last)
            return
        }
        if slots.isEmpty { slots = Array(repeating: 0, count: Self.slotCount) }
        let hash = ByteHash.hash(value.span, seed: ByteHash.processSeed)
        let tag = hash & 0xffff_ffff_0000_0000
        var slot = Int(truncatingIfNeeded: hash) & (Self.slotCount - 1)
        while slots[slot] != 0 {
            let entry = slots[slot]
            if entry & 0xffff_ffff_0000_0000 == tag {
                let code = UInt32(truncatingIfNeeded: entry) - 1
                if isValue(code, value) {
                    codes.append(code)
                    lastCode = code
                    return
                }
            }
            slot = (slot + 1) & (Self.slotCount - 1)
        }
        let distinct = values.count
        if distinct >= Self.maximumDistinct || (distinct >= 64 && distinct * 2 > codes.count) {
            spill()
            appendPlain(value)
            return
        }
        slots[slot] = tag | UInt64(distinct + 1)
        appendPlain(value)
        codes.append(UInt32(distinct))
        lastCode = UInt32(distinct)
    }

    private func isValue(_ code: UInt32, _ value: UnsafeBufferPointer<UInt8>) -> Bool {
        let range = values.range(Int(code))
        guard range.count == value.count else { return false }
        return values.bytes.withUnsafeBufferPointer { bytes in
            UnsafeBufferPointer(rebasing: bytes[range]).span.isEqual(to: value.span)
        }
    }

    private mutating func spill() {
        values = Self.expand(codes: codes, values: values, capacity: capacity)
        codes = []
        slots = []
        lastCode = nil
        mode = .plain
    }

    mutating func finish(rows: Int) -> Column.Storage {
        let storage: Column.Storage
        switch mode {
        case .plain:
            storage = .byteStrings(values)
            batchesToStayPlain -= 1
            if batchesToStayPlain < 0 { batchesToStayPlain = Self.plainBatches }
            if batchesToStayPlain == 0 { mode = .dictionary }
        case .dictionary:
            if values.count == 0, rows > 0 { values.append(EmptyCollection()) }
            if values.count * 2 <= rows {
                storage = .dictionary(codes: codes, values: values)
            } else {
                storage = .byteStrings(Self.expand(codes: codes, values: values, capacity: rows))
            }
        }
        codes = []
        values = ByteStrings()
        lastCode = nil
        if !slots.isEmpty {
            slots.withUnsafeMutableBufferPointer { $0.update(repeating: 0) }
        }
        return storage
    }

    private static func expand(codes: [UInt32], values: ByteStrings, capacity: Int) -> ByteStrings {
        var plain = ByteStrings()
        plain.offsets.reserveCapacity(max(capacity, codes.count) + 1)
        for code in codes { plain.append(values, row: Int(code)) }
        return plain
    }
}
