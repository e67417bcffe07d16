import CPlatform
import Glibc

/// The manager that started this process, where it wants to hear of it (systemd's sd_notify protocol).
public enum ServiceManager {
    /// Says that this process serves, and that it is the service's main one, which after an upgrade it was not from the
    /// start. Does nothing without a manager.
    public static func tellReady() {
        guard let path = getenv("NOTIFY_SOCKET") else { return }
        _ = squilla_send_datagram(String(cString: path), "READY=1\nMAINPID=\(getpid())")
    }
}
