/// A timer of a loop that belongs to no socket. Arm it with `setDeadline`; confined to the loop's thread.
public final class LoopTimer: LoopSource {
    private var action: (() -> Void)?

    /// - Parameter action: called on the loop each time a deadline passes. Held until `cancel`.
    public init(loop: EventLoop, action: @escaping () -> Void) {
        self.action = action
        super.init(loop: loop)
        loop.register(self)
    }

    override func deadlinePassed() { action?() }

    public func cancel() {
        action = nil
        loop.unregister(self)
    }
}
