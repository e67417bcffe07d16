import Runtime
import Synchronization

/// The demo's visitors: a few threads of our own that visit the sample site through the edge, as people and bots would.
final class Visitors: Sendable {
    private let target: LoadTarget
    private let settings: VisitorSettings
    private let control = VisitorControl()

    /// - Parameter edge: where the edge listens, `HOST:PORT` or a URL.
    init(edge: String, settings: VisitorSettings = VisitorSettings()) throws(LoadFailure) {
        target = try LoadTarget(edge)
        self.settings = settings
    }

    /// Requests answered, and requests without an answer, so far.
    var counts: (answered: Int, failed: Int) { control.counts }

    /// Starts the threads. Once.
    func start() {
        let (target, settings, control) = (target, settings, control)
        let catalogue = SampleCatalogue()
        let popularity = Zipf(count: catalogue.products.count)
        for index in 0..<settings.threads {
            control.started()
            Thread.start(name: "visitors-\(index)") {
                var thread = VisitorThread(
                    index: index, target: target, settings: settings, catalogue: catalogue, popularity: popularity,
                    control: control)
                thread.run()
                control.ended()
            }
        }
        control.started()
        Thread.start(name: "abuser") {
            Abuser(target: target, settings: settings, control: control).run()
            control.ended()
        }
    }

    /// Sends them away; returns when the last one has gone, within a second.
    func stop() { control.stop() }
}

/// What the visitors' threads share.
final class VisitorControl: Sendable {
    private let stopping = Atomic<Bool>(false)
    private let running = Atomic<Int>(0)
    private let answered = Atomic<Int>(0)
    private let failed = Atomic<Int>(0)

    var isStopped: Bool { stopping.load(ordering: .relaxed) }
    var counts: (answered: Int, failed: Int) { (answered.load(ordering: .relaxed), failed.load(ordering: .relaxed)) }

    func started() { running.add(1, ordering: .relaxed) }
    func ended() { running.subtract(1, ordering: .releasing) }
    func count() { answered.add(1, ordering: .relaxed) }
    func countFailure() { failed.add(1, ordering: .relaxed) }

    func stop() {
        stopping.store(true, ordering: .relaxed)
        while running.load(ordering: .acquiring) > 0 { Pause.milliseconds(5) }
    }
}
