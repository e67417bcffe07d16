import SQL
import Synchronization

/// A materialised view by its name, whether it is there yet or not: what it holds is published here.
public final class ViewHandle: Sendable {
    private struct State {
        var snapshot: ViewSnapshot?
        var failure: String?
    }

    public let name: String
    private let state = Mutex(State())
    /// Goes up with each snapshot, after it can be taken.
    private let version = Atomic<UInt64>(0)

    init(name: String) { self.name = name }

    /// What the view holds now; `nil` where there is no view of the name.
    public var snapshot: ViewSnapshot? { state.withLock { $0.snapshot } }

    /// Why the view is kept up to date no more; `nil` where it is.
    public var failure: String? { state.withLock { $0.failure } }

    func publish(_ snapshot: ViewSnapshot?) {
        state.withLock { $0 = State(snapshot: snapshot, failure: nil) }
        version.add(1, ordering: .releasing)
    }

    func fail(_ reason: String) { state.withLock { $0.failure = reason } }

    /// For a thread that asks often.
    public func reader() -> Reader { Reader(self) }

    /// Reads a view from one thread without waiting: it looks at a number, and takes the snapshot anew when that has gone
    /// up and nobody is just putting one there; else it goes on with the one it has.
    public struct Reader {
        private let handle: ViewHandle
        private var seen: UInt64 = 0
        private var held: ViewSnapshot?

        init(_ handle: ViewHandle) { self.handle = handle }

        /// What the view holds, as new as can be had at once; `nil` where there is no view of the name.
        public mutating func snapshot() -> ViewSnapshot? {
            let version = handle.version.load(ordering: .acquiring)
            if version == seen { return held }
            guard let fresh = handle.state.withLockIfAvailable({ $0.snapshot }) else { return held }
            held = fresh
            seen = version
            return held
        }
    }
}
