import Columns
import Glibc
import SQL

/// `'connector' = 'print'`: rows on the server's standard output, Flink's options.
struct PrintOptions: Sendable {
    /// Stands before each row.
    var identifier: String
    var isError: Bool
    var encoding: RowEncoding

    init(_ table: TableDeclaration) throws(SQLError) {
        let options = try ConnectorOptions(
            table: table.name, connector: "print", values: table.options,
            known: ["print-identifier", "standard-error", "format"])
        identifier = options.text("print-identifier") ?? ""
        isError = try options.flag("standard-error") ?? false
        encoding = try options.word("format", among: ["ndjson", "csv"]).flatMap(RowEncoding.init) ?? .ndjson
    }
}

/// Prints rows as lines. What a crash left open comes twice: nobody can ask a terminal what it has shown.
struct PrintSink: SinkWriter {
    private let options: PrintOptions
    private let fields: [PlanField]
    /// Lines of the epoch at work that are out.
    private var sent = 0

    init(_ options: PrintOptions, _ fields: [PlanField]) {
        self.options = options
        self.fields = fields
    }

    mutating func write(_ batches: [Batch], _ epoch: SinkEpoch) throws(SinkRefusal) {
        let lines = options.encoding.encode(batches, fields)
        var bytes: [UInt8] = []
        if options.identifier.isEmpty {
            bytes = lines
        } else {
            for line in lines.split(separator: UInt8(ascii: "\n")) {
                bytes += Array("\(options.identifier)> ".utf8)
                bytes += line
                bytes.append(UInt8(ascii: "\n"))
            }
        }
        let descriptor = options.isError ? STDERR_FILENO : STDOUT_FILENO
        while sent < bytes.count {
            let count = bytes.withUnsafeBytes { buffer in
                buffer.baseAddress.map { Glibc.write(descriptor, $0 + sent, buffer.count - sent) } ?? 0
            }
            if count > 0 {
                sent += count
            } else if errno != EINTR {
                throw SinkRefusal("standard output: \(String(cString: strerror(errno)))", isRetryable: true)
            }
        }
        sent = 0
    }
}
