/// Streams that have something to send and room for it, a list for each urgency (RFC 9218, 10).
struct SendQueue: Sendable {
    private var first = InlineArray<8, Int32>(repeating: -1)
    private var last = InlineArray<8, Int32>(repeating: -1)
    /// A bit for each list that is not empty.
    private var filled: UInt8 = 0

    var isEmpty: Bool { filled == 0 }

    /// Whose turn it is.
    var head: Int? { filled == 0 ? nil : Int(first[filled.trailingZeroBitCount]) }

    mutating func append(_ slot: Int, _ slots: inout [StreamState]) {
        let urgency = Int(slots[slot].priority.urgency)
        slots[slot].next = -1
        slots[slot].isQueued = true
        if filled & 1 << UInt8(urgency) == 0 {
            first[urgency] = Int32(slot)
            filled |= 1 << UInt8(urgency)
        } else {
            slots[Int(last[urgency])].next = Int32(slot)
        }
        last[urgency] = Int32(slot)
    }

    /// - Precondition: it is queued, with the urgency that it has now.
    mutating func remove(_ slot: Int, _ slots: inout [StreamState]) {
        let urgency = Int(slots[slot].priority.urgency)
        var before: Int32 = -1
        var each = first[urgency]
        while Int(each) != slot {
            before = each
            each = slots[Int(each)].next
        }
        let next = slots[slot].next
        if before < 0 { first[urgency] = next } else { slots[Int(before)].next = next }
        if next < 0 { last[urgency] = before }
        if first[urgency] < 0 { filled &= ~(1 << UInt8(urgency)) }
        slots[slot].isQueued = false
    }
}
