import HTTPWire
import Runtime

/// A visitor on the site: a walk, a connection of its own from an address of its own, cookies and validators.
final class Visitor {
    private var walk: VisitorWalk
    private let connection: LoadConnection
    private let authority: String
    private var upcoming: VisitorWalk.Step?
    private var cookie: String?
    private var validators: [String: String] = [:]

    init(walk: VisitorWalk, target: LoadTarget, random: inout Random, isStopped: @escaping @Sendable () -> Bool) {
        self.walk = walk
        authority = target.authority
        // Few networks of a country carry most of its people.
        let street = UInt8(1 + min(random.below(24), random.below(24)))
        connection = LoadConnection(
            target: target, source: (walk.country.network, street, UInt8(1 + random.below(250))), isStopped: isStopped)
    }

    /// Seconds until the next request; nil when the visitor leaves.
    func plan(_ random: inout Random) -> Double? {
        upcoming = walk.next(&random)
        return upcoming?.pause
    }

    /// Makes the planned request. Failures only end the connection: a visitor shrugs and goes on.
    func act() -> LoadAnswer? {
        guard let step = upcoming else { return nil }
        upcoming = nil
        let method: Method = step.method == "POST" ? .post : step.method == "HEAD" ? .head : .get
        guard let answer = try? connection.exchange(bytes(of: step), method: method) else { return nil }
        if let tag = answer.etag, step.path.hasPrefix("/static/") || step.path.hasPrefix("/img/") {
            validators[step.path] = tag
        }
        if let set = answer.cookie { cookie = set }
        return answer
    }

    private func bytes(of step: VisitorWalk.Step) -> [UInt8] {
        var text = "\(step.method) \(step.path) HTTP/1.1\r\nHost: \(authority)\r\nUser-Agent: \(walk.device.agent)\r\n"
        text +=
            "Accept: \(step.path.hasPrefix("/img/") ? "image/avif,image/webp,image/*,*/*;q=0.8" : "text/html,*/*;q=0.8")\r\n"
        if walk.device.kind == .person { text += "Accept-Language: \(walk.country.languages)\r\n" }
        if let referrer = step.referrer {
            text += "Referer: \(referrer.hasPrefix("/") ? "http://\(authority)\(referrer)" : referrer)\r\n"
        }
        if let cookie { text += "Cookie: \(cookie)\r\n" }
        if let tag = validators[step.path] { text += "If-None-Match: \(tag)\r\n" }
        if let form = step.form {
            text +=
                "Content-Type: application/x-www-form-urlencoded\r\nContent-Length: \(form.utf8.count)\r\n\r\n\(form)"
        } else {
            text += "\r\n"
        }
        return Array(text.utf8)
    }
}
