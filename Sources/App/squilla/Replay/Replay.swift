import HTTPWire
import Runtime
import Synchronization

/// Sends a log's requests again, with the pauses they had, scaled. Each of a number of threads takes the next request,
/// waits for its time, sends it, and reads the answer; so no queue can grow.
final class Replay: Sendable {
    private static let lateNanoseconds: Int64 = 100_000_000
    private static let paceLeastNanoseconds: Int64 = 1_000_000_000
    /// After so many connects refused and not one answer, nobody is there.
    private static let refusalsMost = 20
    private static let waitSliceNanoseconds: Int64 = 200_000_000

    private struct Shared: Sendable {
        var source: any ReplaySource
        var isDrained = false
        /// Time of the first request, microseconds since 1970, and when it was sent, monotonic nanoseconds.
        var origin: (timestamp: Int64, start: Int64)?
        /// When the newest request was due, monotonic nanoseconds.
        var newestDue: Int64 = 0
        var failure: (any Error)?
    }

    private struct Tally: Sendable {
        var summary = ReplaySummary()
        var running = 0
    }

    private let settings: ReplaySettings
    private let target: LoadTarget
    private let shared: Mutex<Shared>
    private let tally: Monitor<Tally>
    private let clock = SystemClock()
    private let stopping = Atomic<Bool>(false)
    private let sentCount = Atomic<Int>(0)
    private let failedCount = Atomic<Int>(0)

    /// - Throws: `LoadFailure` for a target that is not one.
    init(_ settings: ReplaySettings, source: any ReplaySource) throws(LoadFailure) {
        self.settings = settings
        target = try LoadTarget(settings.target)
        shared = Mutex(Shared(source: source))
        tally = Monitor(Tally())
    }

    /// Sends all; calls `progress` about every second with the requests sent and failed so far.
    /// - Throws: what the source throws when the log cannot be read.
    func run(progress: (_ sent: Int, _ failed: Int) -> Void) throws -> ReplaySummary {
        let start = clock.monotonicNanoseconds()
        let threads = max(1, min(ReplaySettings.concurrencyMost, settings.concurrency))
        tally.update { $0.running = threads }
        for index in 0..<threads {
            Thread.start(name: "replay-\(index)") { self.work() }
        }
        while tally.wait(timeoutNanoseconds: 1_000_000_000, { $0.running == 0 ? true : nil }) == nil {
            progress(sentCount.load(ordering: .relaxed), failedCount.load(ordering: .relaxed))
        }
        if let failure = shared.withLock({ $0.failure }) { throw failure }
        var summary = tally.withLock { $0.summary }
        summary.badLines += shared.withLock { $0.source.badLines }
        summary.elapsedNanoseconds = clock.monotonicNanoseconds() - start
        // A log squeezed into less than a second is meant to go as fast as it can.
        if shared.withLock({ $0.newestDue }) - start < Self.paceLeastNanoseconds { summary.late = 0 }
        summary.wasStopped = stopping.load(ordering: .relaxed) && !summary.isUnreachable
        return summary
    }

    /// Ends the run early: requests under way are broken off. From any thread.
    func stop() { stopping.store(true, ordering: .relaxed) }

    private var isStopped: Bool { stopping.load(ordering: .relaxed) }

    private func work() {
        var own = ReplaySummary()
        let connection = LoadConnection(
            target: target, timeoutMilliseconds: settings.timeoutMilliseconds, isStopped: { self.isStopped })
        while !isStopped, let (entry, due) = next() {
            guard let request = entry.bytes(authority: target.authority) else {
                own.badLines += 1
                continue
            }
            guard wait(until: due) else { break }
            if settings.speed.isFinite, clock.monotonicNanoseconds() - due > Self.lateNanoseconds { own.late += 1 }
            send(request, entry, on: connection, &own)
        }
        tally.update { tally in
            tally.summary.add(own)
            tally.running -= 1
        }
    }

    /// The next request and when to send it, monotonic nanoseconds.
    private func next() -> (ReplayEntry, Int64)? {
        shared.withLock { shared in
            guard !shared.isDrained else { return nil }
            do {
                guard let entry = try shared.source.next() else {
                    shared.isDrained = true
                    return nil
                }
                let now = clock.monotonicNanoseconds()
                let origin = shared.origin ?? (entry.timestamp, now)
                shared.origin = origin
                // Lines are written when a response ends, so they go back a little now and then.
                let after = Double(max(0, entry.timestamp - origin.timestamp)) * 1000 / settings.speed
                let due = settings.speed.isFinite ? origin.start + Int64(min(after, 1e18)) : now
                shared.newestDue = max(shared.newestDue, due)
                return (entry, due)
            } catch {
                shared.isDrained = true
                shared.failure = error
                return nil
            }
        }
    }

    /// False when the run was stopped meanwhile.
    private func wait(until due: Int64) -> Bool {
        while true {
            if isStopped { return false }
            let left = due - clock.monotonicNanoseconds()
            if left <= 0 { return true }
            Pause.nanoseconds(min(left, Self.waitSliceNanoseconds))
        }
    }

    private func send(
        _ request: [UInt8], _ entry: ReplayEntry, on connection: LoadConnection, _ own: inout ReplaySummary
    ) {
        let method: Method = entry.method == "HEAD" ? .head : entry.method == "GET" ? .get : .post
        do {
            let answer = try connection.exchange(request, method: method)
            own.classes[min(5, answer.status / 100)] += 1
            own.bytes += answer.bodyBytes
            own.latency.add(answer.durationNanoseconds)
            sentCount.add(1, ordering: .relaxed)
        } catch {
            guard !isStopped else { return }
            own.failed += 1
            own.firstFailure = own.firstFailure ?? error.description
            let failed = failedCount.add(1, ordering: .relaxed).newValue
            if error.isConnect, failed >= Self.refusalsMost, sentCount.load(ordering: .relaxed) == 0 {
                own.isUnreachable = true
                stop()
            }
        }
    }
}

/// Where a replay takes its requests from, in order.
protocol ReplaySource: Sendable {
    /// Lines so far that hold no request.
    var badLines: Int { get }
    /// - Throws: when the log cannot be read any further.
    mutating func next() throws -> ReplayEntry?
}
