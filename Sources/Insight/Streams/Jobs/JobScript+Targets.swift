import Columns
import SQL

extension JobScript {
    /// An insertion as it means something now: what it computes, for whom, and where it goes.
    func plan(
        _ insert: (target: String, columns: [String], query: Query), _ binder: Binder, _ catalog: QueryCatalog,
        _ service: QueryService
    ) throws(SQLError) -> Plan {
        let plan = try binder.bind(insert.query)
        let emission = try binder.emission(of: insert.query)
        var fields = try Self.fields(of: plan, into: insert.target, columns: insert.columns)
        if let materialized {
            let view = try ViewTable(
                materialized, fields: fields, handle: service.views.handle(insert.target), limits: service.limits)
            let output = JobOutput(target: insert.target, sink: .blackhole, schema: Schema(planFields: fields))
            guard emission.lateTarget == nil else {
                throw SQLError(
                    code: .unsupported, message: "LATE DATA INTO belongs to an INSERT, and this is a view",
                    at: materialized.name.position, suggestion: "leave it out")
            }
            return Plan(
                plan: plan, output: output, emission: emission, target: .view(view), late: nil, catalog: catalog)
        }
        let declaration = declarations.first { $0.name == insert.target }
        var key: [Int]?
        if let declaration, !declaration.primaryKey.isEmpty, Self.isTopic(declaration) {
            if insert.columns.isEmpty { fields = try Self.named(fields, as: declaration) }
            key = try Self.key(declaration, among: fields)
        }
        let sink = try sink(insert.target, fields)
        var target = AnswerTarget.appended(insert.target)
        if case .blackhole = sink { target = .nothing }
        if let key { target = .upserted(insert.target, key: key) }
        var written = fields
        if key != nil { written.append(PlanField(name: LatestRows.Operation.field, type: .varchar)) }
        if key == nil, emission.timing == .changes, PreparedQuery.readsTopics(plan, catalog) {
            written = ShowChanges.fields(fields)
        }
        let output = JobOutput(target: insert.target, sink: sink, schema: Schema(planFields: written))
        return Plan(
            plan: plan, output: output, emission: emission, target: target,
            late: try late(emission, plan, beside: insert.target), catalog: catalog)
    }

    private static func isTopic(_ declaration: TableDeclaration) -> Bool {
        switch declaration.options["connector"] {
        case nil, "topic"?: true
        default: false
        }
    }

    /// The columns under the names that the table declares, by place.
    private static func named(
        _ fields: [PlanField], as declaration: TableDeclaration
    ) throws(SQLError) -> [PlanField] {
        guard !declaration.fields.isEmpty else { return fields }
        guard declaration.fields.count == fields.count else {
            throw SQLError(
                code: .invalidQuery,
                message: "table \(declaration.name) has \(declaration.fields.count) columns, and the query gives "
                    + "\(fields.count)", suggestion: "name those that are meant: INSERT INTO \(declaration.name) (…)")
        }
        for (field, declared) in zip(fields, declaration.fields)
        where field.type.fieldType != declared.type.fieldType {
            throw SQLError(
                code: .typeMismatch,
                message: "column \(declared.name) of \(declaration.name) is \(declared.type.name), and the query gives "
                    + field.type.name, suggestion: "CAST(… AS \(declared.type.name))")
        }
        return zip(fields, declaration.fields).map { PlanField(name: $1.name, type: $0.type) }
    }

    private static func key(
        _ declaration: TableDeclaration, among fields: [PlanField]
    ) throws(SQLError) -> [Int] {
        var key: [Int] = []
        for column in declaration.primaryKey {
            guard let index = fields.firstIndex(where: { $0.name == column.text }) else {
                throw SQLError(
                    code: .invalidQuery,
                    message: "\(declaration.name) has the primary key \(column.text), and no such column is inserted",
                    at: column.position)
            }
            key.append(index)
        }
        return key
    }

    /// Where late rows go, with the columns that they have in front of the window.
    private func late(
        _ emission: Emission, _ plan: LogicalPlan, beside target: String
    ) throws(SQLError) -> JobOutput? {
        guard let late = emission.lateTarget else { return nil }
        guard late.text != target else {
            throw SQLError(
                code: .invalidQuery, message: "late rows and results can't go into one table", at: late.position)
        }
        guard let fields = plan.windows.first?.input.outputFields else {
            throw SQLError(
                code: .unsupported, message: "LATE DATA INTO needs a window", at: late.position,
                suggestion: "rows are late for windows alone; leave it out")
        }
        return JobOutput(
            target: late.text, sink: try sink(late.text, fields), schema: Schema(planFields: fields))
    }
}
