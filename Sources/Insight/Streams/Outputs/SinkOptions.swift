import SQL

/// What the `WITH` list of a table says of a sink outside of the log.
enum SinkOptions: Sendable {
    case files(FileSinkOptions)
    case http(WebhookOptions)
    case print(PrintOptions)

    /// `nil` for tables whose rows stay in the log.
    ///
    /// - Throws: `invalid_query` for options that are missing, unknown or wrong.
    init?(_ table: TableDeclaration) throws(SQLError) {
        switch table.options["connector"] {
        case "print"?: self = .print(try PrintOptions(table))
        case "http"?: self = .http(try WebhookOptions(table))
        case "filesystem"?: self = .files(try FileSinkOptions(table))
        case nil where table.options["path"] != nil: self = .files(try FileSinkOptions(table))
        default: return nil
        }
    }

    var connector: String {
        switch self {
        case .files: "filesystem"
        case .http: "http"
        case .print: "print"
        }
    }

    func makeWriter(_ fields: [PlanField], _ context: SinkContext) throws(SQLError) -> any SinkWriter {
        switch self {
        case .files(let options): return FileSink(options, fields, context)
        case .print(let options): return PrintSink(options, fields)
        case .http(let options):
            guard let sender = context.http else {
                throw SQLError(
                    code: .unsupported, message: "job \(context.job): connector 'http' can't be used here",
                    suggestion: "a server (squilla up) sends requests")
            }
            return WebhookSink(options, fields, context, sender)
        }
    }
}
