import Yams

/// Typed reads. Each gives the default where the key is absent, and reports and gives the default where the
/// value is of the wrong kind or out of range.
extension YAMLSection {
    func string(_ key: String, default value: String) -> String { optionalString(key) ?? value }

    func optionalString(_ key: String) -> String? {
        guard let node = node(key) else { return nil }
        guard let scalar = node.scalar else {
            report(key, "expected text, found \(node.kindName)")
            return nil
        }
        return scalar.string
    }

    func strings(_ key: String) -> [String]? {
        guard has(key) else {
            _ = node(key)
            return nil
        }
        return list(key).compactMap { element in
            guard let scalar = element.node.scalar else {
                report(key, "expected text, found \(element.node.kindName)")
                return nil
            }
            return scalar.string
        }
    }

    /// A mapping of names to texts.
    func texts(_ key: String) -> [String: String] {
        guard let node = node(key) else { return [:] }
        guard let mapping = node.mapping else {
            report(key, "expected a mapping of names to texts, found \(node.kindName)")
            return [:]
        }
        var found: [String: String] = [:]
        for (name, value) in mapping {
            guard let name = name.string, let text = value.scalar?.string else {
                report(key, "expected a mapping of names to texts")
                continue
            }
            found[name] = text
        }
        return found
    }

    func bool(_ key: String, default value: Bool) -> Bool {
        guard let text = optionalString(key) else { return value }
        switch text {
        case "true", "True", "yes", "on": return true
        case "false", "False", "no", "off": return false
        default:
            report(key, "expected true or false, found \"\(text)\"")
            return value
        }
    }

    func integer(_ key: String, default value: Int, in range: ClosedRange<Int>) -> Int {
        guard let text = optionalString(key) else { return value }
        guard let number = Int(text.filter { $0 != "_" }) else {
            report(key, "expected a whole number, found \"\(text)\"")
            return value
        }
        return checked(key, number, in: range, fallback: value) { "\($0)" }
    }

    func fraction(_ key: String, default value: Double, in range: ClosedRange<Double>) -> Double {
        guard let text = optionalString(key) else { return value }
        guard let number = Double(text), number.isFinite else {
            report(key, "expected a number, found \"\(text)\"")
            return value
        }
        return checked(key, number, in: range, fallback: value) { "\($0)" }
    }

    /// A key that ends in `_ms`: a number of milliseconds, or one with a unit.
    func milliseconds(_ key: String, default value: Int, in range: ClosedRange<Int>) -> Int {
        guard let text = optionalString(key) else { return value }
        guard let number = Quantities.milliseconds(text) else {
            report(key, "expected a duration such as 500, 500ms, 1.5s, 10m, 6h or 7d, found \"\(text)\"")
            return value
        }
        return checked(key, number, in: range, fallback: value) { "\($0) ms" }
    }

    /// A key that ends in `_bytes`: a number of bytes, or one with a unit.
    func bytes(_ key: String, default value: Int, in range: ClosedRange<Int>) -> Int {
        guard let text = optionalString(key) else { return value }
        guard let number = Quantities.bytes(text) else {
            report(key, "expected a size such as 65536, 64KiB, 256MiB or 1.5GB, found \"\(text)\"")
            return value
        }
        return checked(key, number, in: range, fallback: value, describe: Quantities.describe(bytes:))
    }

    func choice<Choice: RawRepresentable & CaseIterable>(_ key: String, default value: Choice) -> Choice
    where Choice.RawValue == String {
        guard let text = optionalString(key) else { return value }
        if let choice = Choice(rawValue: text) { return choice }
        let names = Choice.allCases.map(\.rawValue)
        let hint = Suggestion.closest(to: text, among: names).map { "; did you mean \($0)?" } ?? ""
        report(key, "expected one of \(names.joined(separator: ", ")), found \"\(text)\"\(hint)")
        return value
    }

    private func checked<Number: Comparable>(
        _ key: String, _ number: Number, in range: ClosedRange<Number>, fallback: Number,
        describe: (Number) -> String
    ) -> Number {
        if range.contains(number) { return number }
        report(
            key,
            "\(describe(number)) is out of range: from \(describe(range.lowerBound)) to \(describe(range.upperBound))")
        return fallback
    }
}
