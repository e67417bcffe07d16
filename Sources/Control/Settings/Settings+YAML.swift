import Yams

extension Settings {
    /// The largest file that is read.
    public static let maxFileBytes = 1 << 20

    /// Reads a file's text.
    ///
    /// - Parameter overrides: changes that flags make, applied before values are checked against each other.
    /// - Throws: every problem found, with positions.
    public init(yaml text: String, overrides: (inout Settings) -> Void = { _ in }) throws(SettingsError) {
        let collector = DiagnosticCollector()
        self = Settings()
        let root = YAMLSection(try Self.compose(text), path: "", collector: collector)
        dataFolder = root.string("data", default: dataFolder)
        edge = EdgeSection(reading: root.section("edge"))
        origins = root.sections("origins").enumerated().map { OriginSection(reading: $1, index: $0) }
        cache = CacheSection(reading: root.section("cache"))
        esi = ESISection(reading: root.section("esi"))
        let lines = root.has("rules") ? text.split(separator: "\n", omittingEmptySubsequences: false) : []
        rules = root.sections("rules").prefix(RuleSection.maximumCount).enumerated().map {
            RuleSection(reading: $1, index: $0, lines: lines)
        }
        ruleLimits = RuleLimitsSection(reading: root.section("rule_limits"))
        log = LogSection(reading: root.section("log"))
        query = QuerySection(reading: root.section("query"))
        jobs = JobsSection(reading: root.section("jobs"))
        views = ViewSection(reading: root.section("views"))
        subscriptions = SubscriptionSection(reading: root.section("subscriptions"))
        management = ManagementSection(reading: root.section("management"))
        if root.node("lb") != nil { lb = LoadBalancerSection(reading: root.section("lb")) }
        if root.node("dns") != nil { dns = DNSSection(reading: root.section("dns")) }
        root.finish()
        overrides(&self)
        checkTogether(root, collector)
        if !collector.diagnostics.isEmpty {
            throw SettingsError(
                diagnostics: collector.diagnostics.sorted { ($0.line, $0.column) < ($1.line, $1.column) })
        }
    }

    /// The settings of flags alone, without a file.
    public init(overrides: (inout Settings) -> Void) throws(SettingsError) {
        try self.init(yaml: "", overrides: overrides)
    }

    private static func compose(_ text: String) throws(SettingsError) -> Node? {
        func problem(_ mark: Mark?, _ message: String) -> SettingsError {
            SettingsError(diagnostics: [
                SettingsDiagnostic(line: mark?.line ?? 0, column: mark?.column ?? 0, path: "", message: message)
            ])
        }
        guard text.utf8.count <= maxFileBytes else { throw problem(nil, "the file is larger than 1 MiB") }
        guard !isTooDeep(text) else { throw problem(nil, "brackets are nested deeper than 64") }
        do {
            return try Yams.compose(yaml: text)
        } catch let error as YamlError {
            switch error {
            case .scanner(let context, let message, let mark, _), .parser(let context, let message, let mark, _),
                .composer(let context, let message, let mark, _):
                throw problem(mark, "not valid YAML: \(message)\(context.map { " (\($0.text))" } ?? "")")
            case .duplicatedKeysInMapping(let duplicates, let context):
                throw problem(context.mark, "a key is given twice: \(duplicates.joined(separator: ", "))")
            default:
                throw problem(nil, "not valid YAML: \(error)")
            }
        } catch {
            throw problem(nil, "not valid YAML: \(error)")
        }
    }

    /// The YAML parser recurses; a file of brackets alone must not exhaust the stack.
    private static func isTooDeep(_ text: String) -> Bool {
        var depth = 0
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "["), UInt8(ascii: "{"): depth += 1
            case UInt8(ascii: "]"), UInt8(ascii: "}"): depth = max(0, depth - 1)
            default: break
            }
            if depth > 64 { return true }
        }
        return false
    }

    private func checkTogether(_ root: YAMLSection, _ collector: DiagnosticCollector) {
        if management.listen.isUnix {
            collector.report(
                root.section("management").mark(of: "listen"), "management.listen",
                "the management API listens on HOST:PORT; \(management.listen) is a Unix socket")
        }
        if !management.listen.isLoopback, management.token == nil {
            collector.report(
                root.section("management").mark(of: "listen"), "management.token",
                "management listens on \(management.listen), which is not loopback: set management.token to a secret")
        }
        checkListeners(root, collector)
        if cache.maxObjectBytes > cache.memoryBytes {
            collector.report(
                root.section("cache").mark(of: "max_object_bytes"), "cache.max_object_bytes",
                "an object may not be larger than the whole cache (memory_bytes)")
        }
        if let path = cache.disk.path, path == dataFolder {
            collector.report(
                root.section("cache").section("disk").mark(of: "path"), "cache.disk.path",
                "the event log lies in this folder: the cache needs one of its own")
        }
        var names: Set<String> = []
        for (index, rule) in rules.enumerated() where !names.insert(rule.name).inserted {
            let mark = root.sections("rules")[safe: index]?.mark(of: "name")
            collector.report(mark, "rules[\(index)].name", "two rules are named \(rule.name)")
        }
        if root.list("rules").count > RuleSection.maximumCount {
            collector.report(root.mark(of: "rules"), "rules", "more than \(RuleSection.maximumCount) rules")
        }
        var owners: [String: String] = [:]
        for (index, origin) in origins.enumerated() {
            let mark = root.sections("origins")[safe: index]?.mark
            if origins[..<index].contains(where: { $0.name == origin.name }) {
                collector.report(mark, "origins[\(index)].name", "two origins are named \(origin.name)")
            }
            for host in origin.hosts.isEmpty ? ["*"] : origin.hosts {
                if let owner = owners.updateValue(origin.name, forKey: host), owner != origin.name {
                    let what = host == "*" ? "every other host" : "host \(host)"
                    collector.report(mark, "origins[\(index)].hosts", "\(what) goes to \(owner) already")
                }
            }
        }
    }

    /// The kernel chooses a port 0 anew for each.
    private func checkListeners(_ root: YAMLSection, _ collector: DiagnosticCollector) {
        var taken: Set<Endpoint> = []
        for address in edge.listen.map(\.address) where address.port != 0 || address.isUnix {
            guard !taken.insert(address).inserted else { continue }
            collector.report(
                root.section("edge").mark(of: "listen"), "edge.listen",
                "\(address) is named twice; name each address once")
        }
        guard taken.contains(management.listen) else { return }
        collector.report(
            root.section("management").mark(of: "listen"), "management.listen",
            "the edge listens on \(management.listen) (edge.listen); give the management API an address of its own")
    }
}

extension Array {
    subscript(safe index: Int) -> Element? { indices.contains(index) ? self[index] : nil }
}

extension YamlError.Context {
    /// What the parser was at, without the snippet.
    var text: String { description.trimmingPrefix("error: ").split(separator: "\n").first.map(String.init) ?? "" }
}
