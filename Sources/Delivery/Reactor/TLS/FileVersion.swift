import Runtime

/// Tells whether a file was written or replaced since; without a file all are equal.
struct FileVersion: Hashable {
    private let stamp: FileStamp?

    init(_ file: String?) { stamp = file.flatMap { try? FileStamp(path: $0) } }
}
