extension Binder {
    /// The columns of a table with computed ones in their places.
    ///
    /// - Parameters:
    ///   - fields: of the source, which the computed columns are over. They can't use each other.
    ///   - appends: behind the fields, since these aren't declared.
    /// - Throws: every code of `SQLError` but `syntax` and `evaluation`, at the offending token.
    public static func columns(
        _ computed: [ComputedColumn], over fields: [PlanField], table: String, appends: Bool,
        limits: SQLLimits = .standard
    ) throws(SQLError) -> [TableColumn] {
        var columns = fields.indices.map { TableColumn.field($0) }
        let scope = Scope(fields: fields, qualifier: table)
        for column in computed {
            guard !fields.contains(where: { $0.name == column.name.text }) else {
                throw SQLError(
                    .ambiguousName, "column \(column.name.text) is there already", at: column.name.position)
            }
            var binder = ExpressionBinder(scope: scope, limits: limits, aggregates: .refused("a computed column"))
            let bound = try binder.bind(column.expression)
            let field = PlanField(name: column.name.text, type: bound.type)
            let place = appends ? columns.count : min(column.place, columns.count)
            columns.insert(.computed(field, bound.expression), at: place)
        }
        return columns
    }
}
