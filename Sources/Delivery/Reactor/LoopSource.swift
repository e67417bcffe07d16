/// Something a loop calls back: a socket, a listener or a plain timer. Confined to its loop's thread.
///
/// Each registered source has a slot; the epoll token is the slot and the slot's generation, so an event that
/// was already collected when its source went away is recognised and dropped.
///
/// `@exclusivity(unchecked)` here and in the classes above: these fields belong to one thread and are only loaded and
/// stored, never lent out while a callback runs; the run-time check would cost a tenth of a request's own time.
public class LoopSource {
    public let loop: EventLoop
    @exclusivity(unchecked) var slot: UInt32 = .max
    @exclusivity(unchecked) var generation: UInt32 = 0
    /// When `deadlinePassed` is due, on the loop's clock, in nanoseconds; `.max` for never.
    @exclusivity(unchecked) var deadline: Int64 = .max
    /// The tick of the wheel's entry that is valid for this source; `.max` when none is.
    @exclusivity(unchecked) var armedTick: Int64 = .max

    init(loop: EventLoop) {
        self.loop = loop
    }

    var isRegistered: Bool { slot != .max }
    var token: UInt64 { UInt64(generation) << 32 | UInt64(slot) }

    /// The socket will be told to be ready in this round. What is in it may be read to the round's `place`, and nothing else
    /// be done: others come before.
    func readAhead(_ events: UInt32, place: Int) {}

    /// The socket is ready: epoll's event bits.
    func ready(_ events: UInt32) {}

    /// The deadline passed and has been cleared.
    func deadlinePassed() {}

    /// Calls `deadlinePassed` once at `nanoseconds` of the loop's clock or some milliseconds later, instead of
    /// any earlier deadline. Moving a deadline further away costs a store: the old wheel entry re-arms itself.
    public final func setDeadline(_ nanoseconds: Int64) {
        deadline = nanoseconds
        guard nanoseconds != .max, isRegistered else { return }
        let tick = loop.timers.tick(of: nanoseconds)
        if tick < armedTick {
            armedTick = tick
            loop.timers.insert(token: token, tick: tick)
        }
    }

    /// The same, counted from now.
    public final func setDeadline(afterMilliseconds milliseconds: Int) {
        setDeadline(loop.now + Int64(milliseconds) * 1_000_000)
    }

    public final func clearDeadline() { deadline = .max }
}
