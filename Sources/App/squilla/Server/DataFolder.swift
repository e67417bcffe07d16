import Glibc

/// What lies where in the data folder.
enum DataFolder {
    /// The event log's own folder.
    static func log(_ folder: String) -> String { folder + "/log" }

    /// The jobs' own folder.
    static func jobs(_ folder: String) -> String { folder + "/jobs" }
    /// What stored queries put aside.
    static func spill(_ folder: String) -> String { folder + "/spill" }
    static func clusters(_ folder: String) -> String { folder + "/clusters" }

    static func hasLog(_ folder: String) -> Bool { access(log(folder), F_OK) == 0 }

    /// Makes the folder and its parents.
    /// - Throws: `Failure` with the system's reason.
    static func create(_ folder: String) throws {
        var path = folder.hasPrefix("/") ? "" : "."
        for part in folder.split(separator: "/") {
            path += "/\(part)"
            if mkdir(path, 0o755) != 0, errno != EEXIST {
                throw Failure("\(folder): cannot make the data folder: \(String(cString: strerror(errno)))")
            }
        }
        var information = stat()
        guard stat(folder, &information) == 0, information.st_mode & S_IFMT == S_IFDIR else {
            throw Failure("\(folder): is a file, not a folder; name another with --data")
        }
    }
}
