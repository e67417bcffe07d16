/// One thing wrong with a configuration file: where, what, and what to do about it.
public struct SettingsDiagnostic: Hashable, Sendable {
    /// From 1; 0 when the position is not known (a flag, or a rule over several keys).
    public var line: Int
    /// From 1, in Unicode scalars.
    public var column: Int
    /// The key's path, such as `origins[0].url`; empty for the file as a whole.
    public var path: String
    public var message: String

    public init(line: Int, column: Int, path: String, message: String) {
        self.line = line
        self.column = column
        self.path = path
        self.message = message
    }

    /// `squilla.yaml:3:5: cache.memory_bytes: …`
    public func rendered(file: String) -> String {
        let position = line > 0 ? "\(file):\(line):\(column)" : file
        return path.isEmpty ? "\(position): \(message)" : "\(position): \(path): \(message)"
    }
}

/// A configuration that cannot be used; all that is wrong with it at once, in the order of the file.
public struct SettingsError: Error, Sendable {
    public var diagnostics: [SettingsDiagnostic]

    public init(diagnostics: [SettingsDiagnostic]) { self.diagnostics = diagnostics }

    public func rendered(file: String) -> String {
        diagnostics.map { $0.rendered(file: file) }.joined(separator: "\n")
    }
}
