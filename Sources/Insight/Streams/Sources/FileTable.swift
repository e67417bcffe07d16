import Columns
import Runtime
import SQL

/// A file that is a table: its format, and its columns where they were found by looking.
struct FileTable: Sendable {
    let path: String
    let format: TableDefinition.FileFormat

    func open(columns: Schema) throws(SQLError) -> any BatchSource {
        throw SQLError(code: .unsupported, message: "files are not there yet")
    }
}
