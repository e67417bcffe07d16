/// A hashed wheel of one-shot entries. Coarse on purpose: a tick is 10 ms.
///
/// Entries are never removed early; the owner compares the entry's tick with the one it armed and drops stale ones.
struct TimerWheel {
    struct Entry {
        var token: UInt64
        var tick: Int64
    }

    static let tickNanoseconds: Int64 = 10_000_000
    static let slotCount = 1024

    private var slots: [[Entry]] = Array(repeating: [], count: TimerWheel.slotCount)
    private var occupied = [UInt64](repeating: 0, count: TimerWheel.slotCount / 64)
    /// Every tick up to and including this one has been expired.
    private var doneTick: Int64

    init(now: Int64) {
        doneTick = now / TimerWheel.tickNanoseconds
    }

    /// The first tick at which a deadline has passed; never one that was already expired.
    func tick(of nanoseconds: Int64) -> Int64 {
        max(doneTick + 1, (nanoseconds + TimerWheel.tickNanoseconds - 1) / TimerWheel.tickNanoseconds)
    }

    mutating func insert(token: UInt64, tick: Int64) {
        let slot = Int(tick & Int64(TimerWheel.slotCount - 1))
        slots[slot].append(Entry(token: token, tick: tick))
        occupied[slot >> 6] |= 1 << UInt64(slot & 63)
    }

    /// Moves the entries that are due at `now` into `due`, in order of their ticks (roughly).
    mutating func expire(now: Int64, into due: inout [Entry]) {
        let nowTick = now / TimerWheel.tickNanoseconds
        guard nowTick > doneTick else { return }
        let steps = min(Int(nowTick - doneTick), TimerWheel.slotCount)
        for step in 1...steps {
            let slot = Int((doneTick + Int64(step)) & Int64(TimerWheel.slotCount - 1))
            guard occupied[slot >> 6] & 1 << UInt64(slot & 63) != 0 else { continue }
            collect(slot: slot, nowTick: nowTick, into: &due)
        }
        doneTick = nowTick
    }

    private mutating func collect(slot: Int, nowTick: Int64, into due: inout [Entry]) {
        var entries: [Entry] = []
        swap(&entries, &slots[slot])
        var kept = 0
        for entry in entries {
            if entry.tick <= nowTick {
                due.append(entry)
            } else {
                entries[kept] = entry
                kept += 1
            }
        }
        entries.removeLast(entries.count - kept)
        if kept == 0 {
            occupied[slot >> 6] &= ~(1 << UInt64(slot & 63))
            // A burst of connections must not leave its memory in the wheel for ever.
            if entries.capacity > 256 { entries = [] }
        }
        swap(&entries, &slots[slot])
    }

    /// Nanoseconds until the next slot that holds an entry comes up, at most one turn; `nil` when the wheel is empty.
    func nanosecondsToNextEntry(now: Int64) -> Int64? {
        let size = TimerWheel.slotCount
        let first = Int((doneTick + 1) & Int64(size - 1))
        var step = 0
        while step < size {
            let slot = (first + step) & (size - 1)
            let word = occupied[slot >> 6] >> UInt64(slot & 63)
            if word == 0 {
                step += 64 - (slot & 63)
                continue
            }
            step += word.trailingZeroBitCount
            if step >= size { break }
            return max(0, (doneTick + 1 + Int64(step)) * TimerWheel.tickNanoseconds - now)
        }
        return nil
    }
}
