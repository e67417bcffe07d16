import Bytes
import HTTPCache
import HTTPWire
import Reactor
import Upstream

/// Telling a client with a ticket why its answer is as it is.
extension Exchange {
    /// Bytes of the field's value; the names of further rules are left out.
    private static let maximumDebugBytes = 4096

    /// Takes the ticket, which neither rules nor cache nor origin are to see.
    func takeDebugTicket() {
        if DebugTicket.take(from: &head, worker.settings.debug, now: worker.nowSeconds) {
            decisions.trace = RuleTrace()
        }
    }

    /// A dictionary (RFC 9651), for this client alone; caches on the way are told that it depends on the ticket.
    func writeDebug(_ writer: inout HeadWriter) {
        guard let trace = decisions.trace else { return }
        var out: [UInt8] = []
        out.append(contentsOf: "edge=\(quoted(worker.settings.name))".utf8)
        out.append(contentsOf: ", cache=\(row.cacheStatus.text)".utf8)
        if let forward = row.forward { out.append(contentsOf: ", why=\(forward.token)".utf8) }
        if row.ageSeconds >= 0 { out.append(contentsOf: ", age=\(row.ageSeconds)".utf8) }
        if lookups > 0 { out.append(contentsOf: ", key=\(quoted(key.bytes.printable(from: 0)))".utf8) }
        appendOrigin(to: &out)
        let elapsed = (worker.loop.refreshClock() - startedAt) / 1000
        out.append(contentsOf: ", elapsed-us=\(elapsed)".utf8)
        append(trace, to: &out)
        writer.field("Squilla-Debug", out.span)
        writer.field("Vary", "Squilla-Debug")
    }

    private func appendOrigin(to out: inout [UInt8]) {
        guard let facts = origin?.facts ?? job?.origin?.facts else { return }
        let name = originName
        if !name.isEmpty { out.append(contentsOf: ", origin=\(quoted(name))".utf8) }
        if let endpoint = facts.endpoint { out.append(contentsOf: ", endpoint=\(quoted(endpoint.name))".utf8) }
        out.append(contentsOf: ", tier=\(facts.endpoint?.tier ?? .origin), attempts=\(facts.retries + 1)".utf8)
        if facts.connectNanoseconds >= 0 {
            out.append(contentsOf: ", connect-us=\(facts.connectNanoseconds / 1000)".utf8)
        }
        if facts.firstByteAt > 0 {
            out.append(contentsOf: ", first-byte-us=\((facts.firstByteAt - facts.sentAt) / 1000)".utf8)
        }
    }

    /// Which rules fired, and what became of the others that were asked.
    private func append(_ trace: RuleTrace, to out: inout [UInt8]) {
        guard worker.rules != nil || !trace.entries.isEmpty else { return }
        var lists: (fired: [String], others: [String]) = ([], [])
        var room = Exchange.maximumDebugBytes - out.count
        for entry in trace.entries {
            let name = "\(entry.phase.rawValue).\(entry.name)"
            let word = entry.verdict.word
            let text = quoted(entry.verdict == .fired ? name : "\(name) \(word)")
            room -= text.utf8.count + 1
            guard room > 64 else { break }
            if entry.verdict == .fired { lists.fired.append(text) } else { lists.others.append(text) }
        }
        out.append(contentsOf: ", fired=(\(lists.fired.joined(separator: " ")))".utf8)
        out.append(contentsOf: ", others=(\(lists.others.joined(separator: " ")))".utf8)
        if room <= 64 { out.append(contentsOf: ", cut".utf8) }
    }

    /// A string of structured fields: visible ASCII and blanks.
    private func quoted(_ text: String) -> String { quoted(Array(text.utf8)) }

    private func quoted(_ bytes: [UInt8]) -> String {
        var out: [UInt8] = [0x22]
        for byte in bytes.prefix(1024) {
            if byte == 0x22 || byte == 0x5C { out.append(0x5C) }
            out.append(byte >= 0x20 && byte < 0x7F ? byte : 0x3F)
        }
        out.append(0x22)
        return String(decoding: out, as: UTF8.self)
    }
}

extension RuleTrace.Verdict {
    fileprivate var word: String {
        switch self {
        case .fired: "fired"
        case .isFalse: "false"
        case .isUnknown: "unknown"
        case .failed: "failed"
        case .notAsked: "not-asked"
        case .depends: "depends"
        }
    }
}
