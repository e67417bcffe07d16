import Glibc
import HTTPWire
import Runtime

/// The abusive client: one address that hammers the login for a while, every few minutes.
struct Abuser {
    /// Always the same, so that it can be found, filtered and, one day, blocked.
    static let source: (UInt8, UInt8, UInt8) = (66, 6, 6)

    let target: LoadTarget
    let settings: VisitorSettings
    let control: VisitorControl

    func run() {
        let clock = SystemClock()
        let start = clock.monotonicNanoseconds()
        let control = control
        var random = Random(seed: settings.seed &+ 666)
        let connection = LoadConnection(target: target, source: Self.source, isStopped: { control.isStopped })
        while !control.isStopped {
            let age = Double(clock.monotonicNanoseconds() - start) / 1e9 - settings.abuseFirstSeconds
            guard age >= 0, age.truncatingRemainder(dividingBy: settings.abuseEverySeconds) < settings.abuseLastsSeconds
            else {
                connection.disconnect()
                usleep(200_000)
                continue
            }
            if (try? connection.exchange(attempt(&random), method: .post)) != nil {
                control.count()
            } else {
                control.countFailure()
            }
            usleep(UInt32(min(0.2, random.interval(rate: settings.abuseRequestsPerSecond)) * 1e6))
        }
    }

    private func attempt(_ random: inout Random) -> [UInt8] {
        let words = ["123456", "password", "qwerty", "dragon", "letmein", "iloveyou", "monkey", "tidewater"]
        let form = "name=admin&password=\(random.pick(words))\(random.below(1000))"
        return Array(
            """
            POST /account/login HTTP/1.1\r\nHost: \(target.authority)\r\nUser-Agent: python-requests/2.32.5\r\nAccept: */*\r\n\
            Content-Type: application/x-www-form-urlencoded\r\nContent-Length: \(form.utf8.count)\r\n\r\n\(form)
            """.utf8)
    }
}
