import Columns

/// What a watched folder knows of a row besides its columns: the file that it stands in, as it was at the last look.
enum FileMetadata: String, RowMetadata {
    case path = "file.path"
    case name = "file.name"
    /// Bytes.
    case size = "file.size"
    case modified = "file.modification-time"

    static let owner = "a watched folder"

    var type: FieldType {
        switch self {
        case .path, .name: .string
        case .size: .int64
        case .modified: .timestamp
        }
    }

    /// The property of a file, once for each of its rows.
    func column(of file: WatchedFile, rows count: Int) -> Column {
        switch self {
        case .path: Self.column(file.path, count)
        case .name: Self.column(file.path.split(separator: "/").last.map(String.init) ?? file.path, count)
        case .size: Self.column(Int64(file.size), .int64, count)
        case .modified: Self.column(file.modified / 1_000, .timestamp, count)
        }
    }

    private static func column(_ text: String, _ count: Int) -> Column {
        var values = ByteStrings()
        values.append(Array(text.utf8))
        return Column(
            type: .string, count: count, validity: nil,
            storage: .dictionary(codes: Array(repeating: 0, count: count), values: values))
    }

    private static func column(_ value: Int64, _ type: FieldType, _ count: Int) -> Column {
        Column(type: type, count: count, validity: nil, storage: .int64(Array(repeating: value, count: count)))
    }
}
