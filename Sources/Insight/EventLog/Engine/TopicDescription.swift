import Columns
import Runtime

/// What the file `topic` of a topic's folder holds: settings, and the versions of the schema, oldest first.
struct TopicDescription: Sendable, Equatable {
    static let firstLine = "squilla-topic 1"

    var settings: TopicSettings
    /// Version `n` is `schemas[n - 1]`.
    var schemas: [Schema]

    var schema: Schema { schemas[schemas.count - 1] }
    var schemaVersion: Int { schemas.count }

    func encoded() -> [UInt8] {
        var lines = [
            TopicDescription.firstLine, "partitions \(settings.partitions)",
            "durability \(settings.durability.rawValue)", "compression \(settings.compression)",
            "segment-bytes \(settings.segmentBytes)", "segment-seconds \(settings.segmentSeconds)",
        ]
        if let bytes = settings.retentionBytes { lines.append("retention-bytes \(bytes)") }
        if let seconds = settings.retentionSeconds { lines.append("retention-seconds \(seconds)") }
        for (index, schema) in schemas.enumerated() {
            lines.append("schema \(index + 1)")
            for field in schema.fields { lines.append("field \(field.type) \(Escaping.escape(field.name))") }
        }
        return TextFile.encode(lines)
    }

    init(settings: TopicSettings, schemas: [Schema]) {
        self.settings = settings
        self.schemas = schemas
    }

    init(_ bytes: [UInt8], path: String) throws(LogError) {
        let lines = try TextFile.decode(bytes, path: path)
        guard lines.first == ["squilla-topic", "1"] else {
            throw LogError(.unsupportedVersion, "\(path) is of an unknown version", at: path)
        }
        var settings = TopicSettings()
        settings.retentionBytes = nil
        settings.retentionSeconds = nil
        var schemas: [[Field]] = []
        for line in lines.dropFirst() {
            guard line.count >= 2, let keyword = line.first,
                TopicDescription.apply(keyword, line.dropFirst(), &settings, &schemas)
            else { throw TextFile.corrupt(path, "has a line that says nothing: \(line.joined(separator: " "))") }
        }
        guard !schemas.isEmpty, schemas.allSatisfy({ Set($0.map(\.name)).count == $0.count }) else {
            throw TextFile.corrupt(path, "has no usable schema")
        }
        self.init(settings: settings, schemas: schemas.map(Schema.init))
        try settings.validate(topic: path)
    }

    private static func apply(
        _ keyword: Substring, _ values: ArraySlice<Substring>, _ settings: inout TopicSettings,
        _ schemas: inout [[Field]]
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
            schemas.append([])
            return Int(value) == schemas.count
        case "field":
            guard !schemas.isEmpty, let type = FieldType.allCases.first(where: { "\($0)" == value }),
                let name = values.dropFirst().first.flatMap(Escaping.unescape)
            else { return false }
            schemas[schemas.count - 1].append(Field(name, type))
            return true
        default: return false
        }
    }
}
