import Edge
import HTTPCache

/// An explanation as people read it. Texts of strangers are shown without control characters.
struct ExplanationText {
    private let explanation: RequestExplanation

    init(_ explanation: RequestExplanation) { self.explanation = explanation }

    func print() {
        for line in lines {
            StandardOutput.write(line: String(line.unicodeScalars.map { $0.value < 0x20 ? " " : Character($0) }))
        }
    }

    var lines: [String] {
        var lines = ["\(explanation.method) \(explanation.url)"]
        if !explanation.dropped.isEmpty {
            lines.append("  not believed, taken out: \(explanation.dropped.joined(separator: ", "))")
        }
        if let target = explanation.target { lines.append("  after the rules: \(target)") }
        lines += ["", "Rules"]
        if explanation.rules.isEmpty { lines.append("  none") }
        let width = explanation.rules.map { $0.phase.count + $0.name.count }.max() ?? 0
        for rule in explanation.rules {
            let place = "\(rule.phase) \(rule.name)"
            let padding = String(repeating: " ", count: width + 1 - rule.phase.count - rule.name.count)
            lines.append("  \(place)\(padding) \(rule.verdict)\(rule.why.map { ": \($0)" } ?? "")")
            lines += rule.did.map { "  \(String(repeating: " ", count: width + 3))\($0)" }
        }
        lines += ["", "Origin"]
        if let route = explanation.route {
            lines.append("  \(route.origin) (\(route.endpoints.joined(separator: ", "))): \(route.why)")
        } else {
            lines.append("  none")
        }
        lines += cache + answer
        return lines
    }

    private var cache: [String] {
        guard let cache = explanation.cache else { return [] }
        var lines = ["", explanation.isLive ? "Cache" : "Cache, empty as after a start"]
        if let key = explanation.key { lines.append("  key: \(key)") }
        lines.append("  \(cache.outcome): \(cache.why)")
        if cache.isOnDisk { lines.append("  on disk too") }
        guard let stored = cache.stored else { return lines }
        lines.append("  stored: \(stored.summary)")
        if cache.variants > 1 { lines.append("  \(cache.variants) variants\(stored.vary.map { " by \($0)" } ?? "")") }
        return lines
    }

    private var answer: [String] {
        guard let answer = explanation.answer else { return [] }
        return ["", "Answer, from \(answer.from)", "  \(answer.status)"] + answer.headers.map { "  \($0)" }
    }
}

extension StoredFacts {
    fileprivate var summary: String {
        var parts = ["status \(status)"]
        if let bodyBytes { parts.append("\(bodyBytes) bytes") }
        if isPartial { parts.append("in part") }
        if isSegmented { parts.append("in pieces") }
        parts.append("\(age) s old, fresh for \(lifetime) s\(isHeuristic ? " (guessed)" : "")")
        if staleWhileRevalidate > 0 { parts.append("stale-while-revalidate \(staleWhileRevalidate) s") }
        if staleIfError > 0 { parts.append("stale-if-error \(staleIfError) s") }
        if needsValidation { parts.append("no-cache") }
        if forbidsStale { parts.append("never served stale") }
        if let entityTag { parts.append("ETag \(entityTag)") }
        if let lastModified { parts.append("Last-Modified \(lastModified)") }
        if tags > 0 { parts.append("\(tags) tags") }
        return parts.joined(separator: ", ")
    }
}
