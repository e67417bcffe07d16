import Glibc

/// Sleeps the calling thread.
enum Pause {
    static func milliseconds(_ count: Int) { nanoseconds(Int64(count) * 1_000_000) }

    static func nanoseconds(_ count: Int64) {
        guard count > 0 else { return }
        var wanted = timespec(tv_sec: Int(count / 1_000_000_000), tv_nsec: Int(count % 1_000_000_000))
        var rest = timespec()
        while nanosleep(&wanted, &rest) != 0, errno == EINTR { wanted = rest }
    }
}
