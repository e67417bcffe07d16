import HTTPCache
import HTTPWire

extension RuleTrace {
    /// What an action came to, in a few words.
    static func deed(_ action: RuleAction, _ edit: RuleEdit, _ head: RequestHead, _ decisions: RuleDecisions) -> String
    {
        switch edit {
        case .none: return deed(action, decisions)
        case .rewrite(let target):
            let path = String(decoding: target, as: UTF8.self)
            let asked = String(decoding: target.prefix { $0 != 0x3F }, as: UTF8.self)
            return head.string(head.path) == asked
                ? "rewrote to \(head.string(head.originTarget))" : "\(path) is no path: left as it was"
        case .strip, .sort: return head.hasQuery ? "query is \(head.string(head.query))" : "no query"
        case .header(let name, let value, let replaces):
            return "\(replaces ? "set" : "added") \(name.text): \(String(decoding: value, as: UTF8.self))"
        case .drop(let name): return "dropped \(name.text)"
        case .redirect(let target, let status, _):
            return "redirected with \(status) to \(String(decoding: target, as: UTF8.self))"
        }
    }

    private static func deed(_ action: RuleAction, _ decisions: RuleDecisions) -> String {
        switch action {
        case .respond(let status, _, _): return "answered with \(status)"
        case .cacheKey(_, let replaces):
            let bytes = replaces ? decisions.keyBase ?? [] : decisions.keyParts
            let parts = String(decoding: bytes.printable(from: 0), as: UTF8.self)
            return replaces ? "key is \(parts)" : "key has also \(parts)"
        case .timeToLive: return "ttl \(seconds(decisions.cache.lifetimeSeconds))"
        case .grace: return "grace \(seconds(decisions.cache.graceSeconds))"
        case .bypass: return "past the cache"
        case .throttle(let throttle):
            let rate = "burst \(throttle.rate.burst), one back every \(throttle.rate.interval / 1_000_000) ms"
            if decisions.trace?.isRehearsal == true { return "throttle not asked: \(rate)" }
            return decisions.answer?.status == 429 ? "throttled: \(rate)" : "under the limit: \(rate)"
        case .origin, .canary: return "origin \(decisions.origin ?? "")"
        case .tags: return "tags\(String(decoding: decisions.tags, as: UTF8.self))"
        case .compress(let isOn): return "compress \(isOn)"
        case .esi(let isOn): return "esi \(isOn)"
        case .rewrite, .redirect, .setHeader, .addHeader, .dropHeader, .stripQuery, .sortQuery: return ""
        }
    }

    private static func seconds(_ count: Int64?) -> String { count.map { "\($0) s" } ?? "as it was" }
}

extension RuleHeader {
    var text: String { String(decoding: name, as: UTF8.self) + (isPrefix ? "*" : "") }
}

extension [UInt8] {
    /// A key, or parts of one, in visible ASCII: `%` and hexadecimal for all else, and ` | ` before
    /// each part that rules add, `NULL` for one that is none.
    func printable(from start: Int) -> [UInt8] {
        var out: [UInt8] = []
        var index = start
        while index < count {
            let byte = self[index]
            if byte == 0x0A, index + 1 < count, self[index + 1] != 0x0A {
                out.append(contentsOf: (out.isEmpty ? "| " : " | ").utf8)
                if self[index + 1] == 0 { out.append(contentsOf: "NULL".utf8) }
                index += 2
                continue
            }
            // Doubled in a part.
            if byte == 0x0A { index += 1 }
            if byte > 0x20, byte < 0x7F {
                out.append(byte)
            } else {
                let digits = Array("0123456789ABCDEF".utf8)
                out.append(contentsOf: [0x25, digits[Int(byte >> 4)], digits[Int(byte & 15)]])
            }
            index += 1
        }
        return out
    }
}
