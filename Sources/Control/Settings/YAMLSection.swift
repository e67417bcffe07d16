import Yams

/// Collects what is wrong while a file is read, so that one run of `squilla check` shows all of it.
final class DiagnosticCollector {
    private(set) var diagnostics: [SettingsDiagnostic] = []

    func report(_ mark: Mark?, _ path: String, _ message: String) {
        // A file that is wrong on every line needs no more than this to be understood.
        guard diagnostics.count < 100 else { return }
        diagnostics.append(
            SettingsDiagnostic(line: mark?.line ?? 0, column: mark?.column ?? 0, path: path, message: message))
    }
}

/// One mapping of the file being read key by key. What is asked for is known; `finish` reports the rest.
final class YAMLSection {
    let path: String
    let mark: Mark?
    private let collector: DiagnosticCollector
    private var values: [String: (key: Node, value: Node)] = [:]
    private(set) var order: [String] = []
    private var known: [String] = []

    init(_ node: Node?, path: String, collector: DiagnosticCollector) {
        self.path = path
        self.mark = node?.mark
        self.collector = collector
        guard let node, !node.isNull else { return }
        guard let mapping = node.mapping else {
            collector.report(node.mark, path, "expected a mapping of keys, found \(node.kindName)")
            return
        }
        for (key, value) in mapping {
            guard let name = key.string else {
                collector.report(key.mark, path, "a key must be text")
                continue
            }
            if values.updateValue((key, value), forKey: name) != nil {
                collector.report(key.mark, joined(name), "the key is given twice")
            } else {
                order.append(name)
            }
        }
    }

    func joined(_ key: String) -> String { path.isEmpty ? key : "\(path).\(key)" }

    func mark(of key: String) -> Mark? { values[key]?.value.mark ?? mark }

    /// The node of a key, whether it was asked for or not.
    func value(of key: String) -> Node? { values[key]?.value }

    func report(_ key: String, _ message: String) { collector.report(mark(of: key), joined(key), message) }

    func has(_ key: String) -> Bool { values[key].map { !$0.value.isNull } ?? false }

    /// The value node of `key`, nil where it is absent or null.
    func node(_ key: String) -> Node? {
        known.append(key)
        guard let value = values[key]?.value, !value.isNull else { return nil }
        return value
    }

    func section(_ key: String) -> YAMLSection {
        YAMLSection(node(key), path: joined(key), collector: collector)
    }

    /// The elements of a list; a single value stands for a list of one.
    func list(_ key: String) -> [(node: Node, path: String)] {
        guard let node = node(key) else { return [] }
        guard let sequence = node.sequence else { return [(node, joined(key))] }
        return sequence.enumerated().map { ($1, "\(joined(key))[\($0)]") }
    }

    func sections(_ key: String) -> [YAMLSection] { list(key).map { section(of: $0) } }

    func section(of element: (node: Node, path: String)) -> YAMLSection {
        YAMLSection(element.node, path: element.path, collector: collector)
    }

    /// Reports each key that nobody asked for.
    func finish() {
        for name in order where !known.contains(name) {
            let hint = Suggestion.closest(to: name, among: known)
            let help =
                hint.map { "did you mean \($0)?" }
                ?? "known here: \(known.sorted().joined(separator: ", "))"
            collector.report(values[name]?.key.mark, joined(name), "unknown key; \(help)")
        }
    }
}

extension Node {
    var isNull: Bool {
        guard let scalar else { return false }
        return scalar.style == .plain && ["", "~", "null", "Null", "NULL"].contains(scalar.string)
    }

    var kindName: String {
        switch self {
        case .scalar(let scalar): "\"\(scalar.string.prefix(40))\""
        case .mapping: "a mapping"
        case .sequence: "a list"
        case .alias: "an alias"
        }
    }
}
