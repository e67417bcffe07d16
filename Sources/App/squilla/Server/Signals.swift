import Glibc

/// The signals a server heeds, taken one by one on the main thread.
struct Signals {
    enum Signal { case reload, upgrade, stop }

    private var set = sigset_t()

    /// Blocks them for this thread and all that it starts later. Before any thread is started.
    init() {
        signal(SIGPIPE, SIG_IGN)
        sigemptyset(&set)
        for number in [SIGINT, SIGTERM, SIGHUP, SIGUSR2] { sigaddset(&set, number) }
        pthread_sigmask(SIG_BLOCK, &set, nil)
    }

    /// Waits for the next one.
    mutating func next() -> Signal {
        var number: Int32 = 0
        while sigwait(&set, &number) != 0 {}
        switch number {
        case SIGHUP: return .reload
        case SIGUSR2: return .upgrade
        default: return .stop
        }
    }

    /// From now on these signals, by default a further Ctrl-C, end the process at once: for those who can't wait for a
    /// drain.
    mutating func letKill(_ numbers: [Int32] = [SIGINT]) {
        var interrupt = sigset_t()
        sigemptyset(&interrupt)
        for number in numbers {
            sigaddset(&interrupt, number)
            signal(number, SIG_DFL)
        }
        pthread_sigmask(SIG_UNBLOCK, &interrupt, nil)
    }
}
