import SQL

extension ResolvedTable {
    /// What the table is made of.
    var kind: String {
        switch source {
        case .topic(let topic): topic == description.name ? "topic" : "topic \(topic)"
        case .file: "file"
        case .batches: isView ? "materialized view" : "rows"
        case .generated: "made up"
        case .watched: "watched folder"
        case .requests: "requests"
        }
    }

    /// What `DESCRIBE EXTENDED` says besides the columns.
    var details: [(name: String, value: String)] {
        var details = [("kind", kind)]
        switch source {
        case .topic(let topic): details.append(("topic", topic))
        case .file(let file): details += [("path", file.path), ("format", file.format.rawValue)]
        case .watched(let path, let format, _): details += [("path", path), ("format", format.rawValue)]
        case .batches, .generated, .requests: break
        }
        if description.timeColumn != nil || description.timeExpression != nil {
            details.append(("watermark delay", DurationText.of(description.watermarkDelay)))
        }
        if let idleTimeout {
            details.append(("idle timeout", idleTimeout == 0 ? "never" : DurationText.of(idleTimeout)))
        }
        return details
    }

    /// The `CREATE TABLE` that would declare it; `nil` for what is no topic and no file, or has columns that are computed.
    var declaration: String? {
        let options: [(String, String)]
        switch source {
        case .topic(let topic): options = [("connector", "topic"), ("topic", topic)]
        case .file(let file):
            options = [("connector", "filesystem"), ("path", file.path), ("format", file.format.option)]
        case .watched, .batches, .generated, .requests: return nil
        }
        guard description.columns == nil, description.timeExpression == nil, metadata.isEmpty else { return nil }
        var lines = description.fields.map { "\(Self.quoted($0.name)) \($0.type.name)" }
        if let time = description.timeColumn.map({ Self.quoted(description.fields[$0].name) }) {
            let delay = description.watermarkDelay
            let (seconds, rest) = delay.quotientAndRemainder(dividingBy: 1_000_000)
            let interval = rest == 0 ? "'\(seconds)' SECOND" : "'\(delay)' MICROSECOND"
            lines.append("WATERMARK FOR \(time) AS \(time)" + (delay == 0 ? "" : " - INTERVAL \(interval)"))
        }
        if !description.primaryKey.isEmpty {
            lines.append(
                "PRIMARY KEY (\(description.primaryKey.map(Self.quoted).joined(separator: ", "))) NOT ENFORCED")
        }
        let with = options.map { "'\($0)' = '\($1.replacing("'", with: "''"))'" }.joined(separator: ", ")
        return "CREATE TABLE \(Self.quoted(description.name)) (\n  " + lines.joined(separator: ",\n  ")
            + "\n) WITH (\(with))"
    }

    private static func quoted(_ name: String) -> String { "`\(name.replacing("`", with: "``"))`" }
}

extension TableDefinition.FileFormat {
    /// As `WITH` names it.
    fileprivate var option: String { self == .ndjson ? "json" : rawValue }
}
