import Columns
import Runtime

/// What the file `topic` of a topic's folder holds: settings, and the schema with the number of its changes. Frames know
/// their own columns, so earlier schemas are not kept: a topic whose events bring new names again and again would fill
/// its description with them.
struct TopicDescription: Sendable, Equatable {
    static let firstLine = "squilla-topic 1"

    var settings: TopicSettings
    var schema: Schema
    /// From 1.
    var schemaVersion: Int

    func encoded() -> [UInt8] {
        var lines = [
            TopicDescription.firstLine, "partitions \(settings.partitions)",
            "durability \(settings.durability.rawValue)", "compression \(settings.compression)",
            "segment-bytes \(settings.segmentBytes)", "segment-seconds \(settings.segmentSeconds)",
        ]
        if let bytes = settings.retentionBytes { lines.append("retention-bytes \(bytes)") }
        if let seconds = settings.retentionSeconds { lines.append("retention-seconds \(seconds)") }
        lines.append("schema \(schemaVersion)")
        for field in schema.fields { lines.append("field \(field.type) \(Escaping.escape(field.name))") }
        return TextFile.encode(lines)
    }

    init(settings: TopicSettings, schema: Schema, schemaVersion: Int = 1) {
        self.settings = settings
        self.schema = schema
        self.schemaVersion = schemaVersion
    }

    init(_ bytes: [UInt8], path: String) throws(LogError) {
        let lines = try TextFile.decode(bytes, path: path)
        guard lines.first == ["squilla-topic", "1"] else {
            throw LogError(.unsupportedVersion, "\(path) is of an unknown version", at: path)
        }
        var settings = TopicSettings()
        settings.retentionBytes = nil
        settings.retentionSeconds = nil
        var version = 0
        var fields: [Field] = []
        for line in lines.dropFirst() {
            guard line.count >= 2, let keyword = line.first,
                TopicDescription.apply(keyword, line.dropFirst(), &settings, &version, &fields)
            else { throw TextFile.corrupt(path, "has a line that says nothing: \(line.joined(separator: " "))") }
        }
        guard version > 0, Set(fields.map(\.name)).count == fields.count else {
            throw TextFile.corrupt(path, "has no usable schema")
        }
        self.init(settings: settings, schema: Schema(fields), schemaVersion: version)
        try settings.validate(topic: path)
    }

    private static func apply(
        _ keyword: Substring, _ values: ArraySlice<Substring>, _ settings: inout TopicSettings,
        _ version: inout Int, _ fields: inout [Field]
    ) -> Bool {
        guard let value = values.first else { return false }
        func set<Value>(_ path: WritableKeyPath<TopicSettings, Value>, _ value: Value?) -> Bool {
            guard let value else { return false }
            settings[keyPath: path] = value
            return true
        }
        switch keyword {
        case "partitions": return set(\.partitions, Int(value))
        case "durability": return set(\.durability, Durability(rawValue: String(value)))
        case "compression": return set(\.compression, Compression.allCases.first { "\($0)" == value })
        case "segment-bytes": return set(\.segmentBytes, Int(value))
        case "segment-seconds": return set(\.segmentSeconds, Int(value))
        case "retention-bytes": return set(\.retentionBytes, Int(value).map { .some($0) })
        case "retention-seconds": return set(\.retentionSeconds, Int(value).map { .some($0) })
        case "schema":
            guard let next = Int(value), next > version, next <= UInt32.max else { return false }
            version = next
            // A file may list every version; the last counts.
            fields = []
            return true
        case "field":
            // JSON has empty names too.
            guard version > 0, let type = FieldType(String(value)),
                let name = Escaping.unescape(values.dropFirst().first ?? "")
            else { return false }
            fields.append(Field(name, type))
            return true
        default: return false
        }
    }
}
