import Glibc

/// The signals a server heeds, taken one by one on the main thread.
struct Signals {
    enum Signal { case reload, stop }

    private var set = sigset_t()

    /// Blocks them for this thread and all that it starts later. Before any thread is started.
    init() {
        signal(SIGPIPE, SIG_IGN)
        sigemptyset(&set)
        for number in [SIGINT, SIGTERM, SIGHUP] { sigaddset(&set, number) }
        pthread_sigmask(SIG_BLOCK, &set, nil)
    }

    /// Waits for the next one.
    mutating func next() -> Signal {
        var number: Int32 = 0
        while sigwait(&set, &number) != 0 {}
        return number == SIGHUP ? .reload : .stop
    }

    /// From now on a further Ctrl-C ends the process at once: for those who can't wait for a drain.
    mutating func letInterruptKill() {
        var interrupt = sigset_t()
        sigemptyset(&interrupt)
        sigaddset(&interrupt, SIGINT)
        signal(SIGINT, SIG_DFL)
        pthread_sigmask(SIG_UNBLOCK, &interrupt, nil)
    }
}
