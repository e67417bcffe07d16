import CPlatform
import Glibc

/// Starts operating system threads; for those who need a loop of their own (`WorkerThread` is for jobs).
public enum Thread {
    private final class Start {
        let name: String
        let niceness: Int32
        let body: @Sendable () -> Void

        init(name: String, niceness: Int32, body: @escaping @Sendable () -> Void) {
            self.name = name
            self.niceness = niceness
            self.body = body
        }
    }

    /// Processors that the system has at present, at least 1.
    public static var coreCount: Int { max(1, sysconf(Int32(_SC_NPROCESSORS_ONLN))) }

    /// Lets other threads run that wait for this core.
    public static func yield() { sched_yield() }

    /// - Parameter microseconds: under an hour.
    public static func sleep(microseconds: Int64) { usleep(UInt32(microseconds)) }

    /// Runs `body` on a new detached thread with a stack of 4 MB, of which what is used is memory.
    /// - Parameters:
    ///   - name: Shown by `top -H`; the system keeps 15 bytes.
    ///   - niceness: As of nice(2), from 0 to 19: how far its work can wait where others want the core. At 10 it gets a tenth
    ///     of what they get, at 19 a seventieth.
    public static func start(name: String, niceness: Int32 = 0, _ body: @escaping @Sendable () -> Void) {
        var attributes = pthread_attr_t()
        pthread_attr_init(&attributes)
        pthread_attr_setdetachstate(&attributes, Int32(PTHREAD_CREATE_DETACHED))
        pthread_attr_setstacksize(&attributes, 4 << 20)
        defer { pthread_attr_destroy(&attributes) }
        let start = Unmanaged.passRetained(Start(name: name, niceness: niceness, body: body))
        var thread = pthread_t()
        let result = pthread_create(
            &thread, &attributes,
            { argument in
                guard let argument else { return nil }
                let start = Unmanaged<Start>.fromOpaque(argument).takeRetainedValue()
                squilla_set_thread_name(start.name)
                if start.niceness > 0 { squilla_lower_thread_priority(start.niceness) }
                start.body()
                return nil
            }, start.toOpaque())
        precondition(result == 0, "the system gives no more threads (\(result))")
    }
}
