import SQL

/// A materialised view as it was declared: its columns, and what bounds it.
struct ViewTable: Sendable {
    let handle: ViewHandle
    let fields: [PlanField]
    /// The columns that were named as its key; `nil` where the query tells.
    let key: [Int]?
    let maximumRows: Int
    let maximumBytes: Int
    let maximumLayers: Int
    /// What `'max-rows'` may be at most.
    let highestRows: Int

    private static let options = ["key", "max-rows"]

    /// - Throws: `invalid_query` for an option that is unknown or says nothing.
    init(
        _ declaration: MaterializedViewDeclaration, fields: [PlanField], handle: ViewHandle, limits: QueryLimits
    ) throws(SQLError) {
        self.handle = handle
        self.fields = fields
        func refusal(_ message: String, _ suggestion: String) -> SQLError {
            SQLError(
                code: .invalidQuery, message: "view \(declaration.name.text): \(message)",
                at: declaration.name.position, suggestion: suggestion)
        }
        for option in declaration.options.keys where !Self.options.contains(option) {
            throw refusal("there is no option '\(option)'", "there are \(Self.options.joined(separator: ", "))")
        }
        var key: [Int]?
        if let names = declaration.options["key"] {
            var columns: [Int] = []
            for name in names.split(separator: ",").map({ $0.filter { $0 != " " } }) {
                guard let column = fields.firstIndex(where: { $0.name == name }) else {
                    throw refusal(
                        "its key '\(name)' is no column of it", "it has \(fields.map(\.name).joined(separator: ", "))")
                }
                columns.append(column)
            }
            key = columns
        }
        self.key = key
        var rows = limits.viewRows
        if let text = declaration.options["max-rows"] {
            guard let number = Int(text), number > 0 else {
                throw refusal("'max-rows' = '\(text)' is no number of rows", "for instance '100000'")
            }
            rows = min(rows, number)
        }
        maximumRows = rows
        maximumBytes = limits.viewBytes
        maximumLayers = max(1, limits.viewLayers)
        highestRows = limits.viewRows
    }
}
