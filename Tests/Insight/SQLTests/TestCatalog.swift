import SQL

/// Two tables: requests of an edge, and one with a column of each type.
struct TestCatalog: Catalog {
    private let tables: [String: TableDescription]

    init() {
        let requests = TableDescription(
            name: "requests",
            fields: [
                PlanField(name: "@timestamp", type: .timestamp),
                PlanField(name: "client.ip", type: .ip),
                PlanField(name: "event.duration", type: .bigint),
                PlanField(name: "http.request.method", type: .varchar),
                PlanField(name: "http.response.status_code", type: .bigint),
                PlanField(name: "http.response.bytes", type: .bigint),
                PlanField(name: "url.path", type: .varchar),
                PlanField(name: "cache.status", type: .varchar),
                PlanField(name: "labels", type: .json),
            ], timeColumn: 0, watermarkDelay: 0)
        let types = TableDescription(
            name: "types",
            fields: [
                PlanField(name: "b", type: .boolean),
                PlanField(name: "i8", type: .tinyint),
                PlanField(name: "i16", type: .smallint),
                PlanField(name: "i", type: .integer),
                PlanField(name: "l", type: .bigint),
                PlanField(name: "f", type: .float),
                PlanField(name: "d", type: .double),
                PlanField(name: "s", type: .varchar),
                PlanField(name: "bin", type: .varbinary),
                PlanField(name: "day", type: .date),
                PlanField(name: "ts", type: .timestamp),
                PlanField(name: "ip", type: .ip),
                PlanField(name: "j", type: .json),
            ], timeColumn: nil, watermarkDelay: 0)
        tables = ["requests": requests, "types": types]
    }

    func table(_ name: String) -> TableDescription? { tables[name] }

    var tableNames: [String] { tables.keys.sorted() }
}

enum Bind {
    /// The optimised plan of a query as text.
    static func plan(_ text: String) throws -> String {
        "\(try Binder(catalog: TestCatalog()).bind(try SQLParser.parseQuery(text)))"
    }

    /// The error that a query with functions before it gives, or nil where it gives none.
    static func scriptError(_ text: String) -> SQLError? {
        do throws(SQLError) {
            var functions: [FunctionDeclaration] = []
            for statement in try SQLParser.parse(text) {
                switch statement {
                case .createFunction(let function): functions.append(function)
                case .query(let query): _ = try Binder(catalog: TestCatalog(), functions: functions).bind(query)
                default: break
                }
            }
            return nil
        } catch {
            return error
        }
    }

    /// The error that a query gives, or nil where it gives none.
    static func error(_ text: String) -> SQLError? {
        do throws(SQLError) {
            _ = try Binder(catalog: TestCatalog()).bind(try SQLParser.parseQuery(text))
            return nil
        } catch {
            return error
        }
    }
}
