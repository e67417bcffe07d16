import Bytes
import Glibc

/// Byte strings on their way into a column: a dictionary as long as values repeat, plain bytes from then on.
struct StringColumnBuilder: ~Copyable {
    private enum Mode { case dictionary, plain }

    /// More distinct values than this are not worth a dictionary.
    private static let maximumDistinct = 1024
    private static let slotCount = 2048
    /// Batches that stay plain after one whose values did not repeat, before a dictionary is tried again.
    private static let plainBatches = 15
    /// Memory for text that is kept from batch to batch; what a rare huge batch took is given back.
    private static let maximumKeptBytes = 4 << 20

    private var mode = Mode.dictionary
    /// Plain: string `i` ends at `ends[i]`. Dictionary: distinct value `i` does, and row `r` is value `codes[r]`.
    private var ends: RowMemory<UInt32>
    private var bytes: RowMemory<UInt8>
    private var codes: RowMemory<UInt32>
    /// Open addressing: the hash's upper half and code + 1, or 0 for an empty slot.
    private var slots: RowMemory<UInt64>
    private var byteCount = 0
    private var distinct = 0
    private var lastCode: UInt32 = 0
    private var batchesToStayPlain = 0

    init(capacity: Int) {
        self.ends = RowMemory(capacity: 16)
        self.bytes = RowMemory(capacity: 64)
        self.codes = RowMemory(capacity: capacity)
        self.slots = RowMemory(capacity: 1)
    }

    mutating func append(_ value: UnsafeBufferPointer<UInt8>, row: Int) {
        if mode == .plain {
            appendBytes(value, at: row)
            return
        }
        guard let code = code(of: value, row: row) else {
            spill(rows: row)
            appendBytes(value, at: row)
            return
        }
        codes.reserve(row + 1, used: row)
        codes[row] = code
        lastCode = code
    }

    mutating func appendNull(row: Int) {
        if mode == .plain {
            ends.reserve(row + 1, used: row)
            ends[row] = UInt32(truncatingIfNeeded: byteCount)
        } else {
            codes.reserve(row + 1, used: row)
            codes[row] = lastCode
        }
    }

    /// What the row before this one has, as many times.
    mutating func repeatLast(times: Int, row: Int) {
        if mode == .plain {
            let start = row == 1 ? 0 : Int(ends[row - 2])
            let count = byteCount - start
            bytes.reserve(byteCount + count * times, used: byteCount)
            ends.reserve(row + times, used: row)
            for index in row..<row + times {
                bytes.write(bytes.values(start..<start + count), at: byteCount)
                byteCount += count
                ends[index] = ByteStrings.checkedOffset(byteCount)
            }
        } else {
            codes.reserve(row + times, used: row)
            let code = codes[row - 1]
            for index in row..<row + times { codes[index] = code }
        }
    }

    /// Takes the last row back; its value may stay in the dictionary, unused.
    /// - Parameter row: the number of that row.
    mutating func removeLast(row: Int) {
        if mode == .plain { byteCount = row == 0 ? 0 : Int(ends[row - 1]) }
    }

    private mutating func appendBytes(_ value: UnsafeBufferPointer<UInt8>, at index: Int) {
        let end = byteCount + value.count
        bytes.reserve(end, used: byteCount)
        bytes.write(value, at: byteCount)
        byteCount = end
        ends.reserve(index + 1, used: index)
        ends[index] = ByteStrings.checkedOffset(end)
    }

    /// The number of `value` in the dictionary; `nil` when the dictionary does not pay.
    private mutating func code(of value: UnsafeBufferPointer<UInt8>, row: Int) -> UInt32? {
        if distinct == 0 {
            if slots.capacity == 1 { slots.reserve(Self.slotCount, used: 0) }
            slots.fill(0, count: Self.slotCount)
        } else if isValue(Int(lastCode), value) {
            return lastCode
        }
        let hash = ByteHash.hash(value.span, seed: ByteHash.processSeed)
        let tag = hash & 0xffff_ffff_0000_0000
        var slot = Int(truncatingIfNeeded: hash) & (Self.slotCount - 1)
        while true {
            let entry = slots[slot]
            if entry == 0 { break }
            let code = Int(truncatingIfNeeded: entry & 0xffff_ffff) - 1
            if entry & 0xffff_ffff_0000_0000 == tag, isValue(code, value) { return UInt32(code) }
            slot = (slot + 1) & (Self.slotCount - 1)
        }
        if distinct >= Self.maximumDistinct || (distinct >= 64 && distinct * 2 > row) { return nil }
        let code = distinct
        slots[slot] = tag | UInt64(code + 1)
        appendBytes(value, at: code)
        distinct = code + 1
        return UInt32(code)
    }

    private func start(_ code: Int) -> Int { code == 0 ? 0 : Int(ends[code - 1]) }

    private func isValue(_ code: Int, _ value: UnsafeBufferPointer<UInt8>) -> Bool {
        let start = self.start(code)
        let end = Int(ends[code])
        guard end - start == value.count else { return false }
        guard let known = bytes.values(start..<end).baseAddress, let base = value.baseAddress else { return true }
        return memcmp(known, base, value.count) == 0
    }

    private mutating func spill(rows: Int) {
        let plain = expanded(rows: rows)
        ends.reserve(rows + 1, used: 0)
        for row in 0..<rows { ends[row] = plain.offsets[row + 1] }
        bytes.reserve(plain.bytes.count, used: 0)
        plain.bytes.withUnsafeBufferPointer { bytes.write($0, at: 0) }
        byteCount = plain.bytes.count
        mode = .plain
    }

    mutating func finish(rows: Int) -> Column.Storage {
        let storage: Column.Storage
        if mode == .plain {
            storage = .byteStrings(strings(rows))
            if batchesToStayPlain == 0 { batchesToStayPlain = Self.plainBatches + 1 }
            batchesToStayPlain -= 1
            if batchesToStayPlain == 0 { mode = .dictionary }
        } else {
            // Rows without a value point at a value all the same.
            if distinct == 0, rows > 0 {
                appendBytes(UnsafeBufferPointer(start: nil, count: 0), at: 0)
                distinct = 1
            }
            if distinct * 2 <= rows {
                storage = .dictionary(codes: codes.array(rows), values: strings(distinct))
            } else {
                storage = .byteStrings(expanded(rows: rows))
            }
        }
        if bytes.capacity > Self.maximumKeptBytes { bytes = RowMemory(capacity: 64) }
        byteCount = 0
        distinct = 0
        lastCode = 0
        return storage
    }

    private func strings(_ count: Int) -> ByteStrings {
        let offsets = [UInt32](capacity: count + 1) { output in
            output.append(0)
            for index in 0..<count { output.append(ends[index]) }
        }
        return ByteStrings(offsets: offsets, bytes: bytes.array(byteCount))
    }

    private func expanded(rows: Int) -> ByteStrings {
        var plain = ByteStrings()
        plain.offsets.reserveCapacity(rows + 1)
        for row in 0..<rows {
            let code = Int(codes[row])
            if distinct > 0 { plain.bytes.append(contentsOf: bytes.values(start(code)..<Int(ends[code]))) }
            plain.offsets.append(ByteStrings.checkedOffset(plain.bytes.count))
        }
        return plain
    }
}
