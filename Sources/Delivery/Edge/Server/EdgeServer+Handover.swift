public import Reactor
import Runtime

/// The sockets of one listener, on their way from one process to the next.
public struct HeldListener: Sendable {
    /// As configured.
    public var address: SocketAddress
    public var sockets: [ListeningSocket]

    public init(address: SocketAddress, sockets: [ListeningSocket]) {
        self.address = address
        self.sockets = sockets
    }
}

extension EdgeServer {
    /// The sockets of a listener: those that were held before it, and as many more as there are workers without one.
    func open(_ listener: EdgeListener, _ held: inout [HeldListener]) throws(SystemError) -> [ListeningSocket] {
        guard let index = held.firstIndex(where: { $0.address == listener.address }),
            let first = held[index].sockets.first
        else {
            return try ListeningSocket.open(listener.address, count: workers.count, unixMode: listener.unixMode)
        }
        let sockets = held.remove(at: index).sockets
        let missing = workers.count - sockets.count
        guard missing > 0 else { return sockets }
        if first.address.path != nil { return sockets + (try first.copies(missing)) }
        return sockets + (try ListeningSocket.open(first.address, count: missing, isShared: true))
    }

    /// Accepts no more; who connects waits in the sockets' queues. Returns when all workers have heard of it.
    public func suspendAccepting() { onEveryWorker { $0.suspendAccepting() } }

    public func resumeAccepting() { onEveryWorker { $0.resumeAccepting() } }

    private func onEveryWorker(_ body: @escaping @Sendable (Worker) -> Void) {
        let answers = Monitor(0)
        for worker in workers {
            worker.loop.execute {
                body(worker)
                answers.update { $0 += 1 }
            }
        }
        let count = workers.count
        _ = answers.wait { $0 == count ? true : nil }
    }
}
