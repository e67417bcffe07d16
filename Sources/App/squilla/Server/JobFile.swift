import Foundation
import SQL

/// A file of the folder `jobs.files`: a job, or a cluster, of its name.
struct JobFile: Equatable {
    let name: String
    let text: String

    /// By name.
    static func all(in folder: String) -> [JobFile] {
        let names = ((try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []).sorted()
        return names.compactMap { name in
            guard name.hasSuffix(".sql"), let data = FileManager.default.contents(atPath: folder + "/" + name) else {
                return nil
            }
            return JobFile(name: String(name.dropLast(4)), text: String(decoding: data, as: UTF8.self))
        }
    }

    /// Takes files on. One that is refused is tried again as long as others are taken: what it reads may be what they
    /// write.
    ///
    /// - Parameter awaitLaunch: returns when the jobs of these names have made what they write to.
    /// - Returns: those that are refused, and why.
    static func takeOn(
        _ files: [JobFile], awaitLaunch: ([String]) -> Void, _ submit: (JobFile) throws(SQLError) -> Void
    ) -> [(file: JobFile, error: SQLError)] {
        var left = files
        while true {
            var refused: [(file: JobFile, error: SQLError)] = []
            var taken: [String] = []
            for file in left {
                do throws(SQLError) {
                    try submit(file)
                    taken.append(file.name)
                } catch {
                    refused.append((file, error))
                }
            }
            if taken.isEmpty || refused.isEmpty { return refused }
            awaitLaunch(taken)
            left = refused.map { $0.file }
        }
    }
}
