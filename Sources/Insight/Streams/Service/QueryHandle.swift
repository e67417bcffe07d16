/// A running query, for the one who asked.
public final class QueryHandle: Sendable {
    private let control: QueryControl
    private let wake: @Sendable () -> Void

    init(control: QueryControl, wake: @escaping @Sendable () -> Void) {
        self.control = control
        self.wake = wake
    }

    /// Ends the query soon. Its sink's `finish` is still called, with an error of the code `cancelled` unless the
    /// answer was complete before.
    public func cancel() {
        control.cancel()
        wake()
    }

    /// Goes on after the sink's `receive` has returned `false`.
    public func resume() {
        control.resume()
        wake()
    }
}
