import SQL

/// Statements that make and end materialised views.
extension PreparedQuery {
    static func doneFields() -> [PlanField] { [PlanField(name: "result", type: .varchar)] }

    /// Has a job keep the view. The whole text becomes the job's: it declares what the view reads.
    func keep(
        _ view: MaterializedViewDeclaration, request: QueryRequest, service: QueryService
    ) throws(SQLError) -> LogicalPlan {
        let keeper = try keeper("CREATE MATERIALIZED VIEW", request, service, at: view.name.position)
        try keeper.create(view.name.text, request.text, view.ifNotExists)
        return Self.rows([["job \(view.name.text) keeps the view"]], Self.doneFields())
    }

    func dropView(
        _ drop: DropStatement, request: QueryRequest, service: QueryService
    ) throws(SQLError) -> LogicalPlan {
        let keeper = try keeper("DROP MATERIALIZED VIEW", request, service, at: drop.name.position)
        guard service.views.snapshot(drop.name.text) != nil else {
            if drop.ifExists { return Self.rows([["there is no view \(drop.name.text)"]], Self.doneFields()) }
            throw SQLError(
                code: .unknownTable, message: "there is no materialized view \(drop.name.text)", at: drop.name.position,
                suggestion: "SHOW MATERIALIZED VIEWS lists them; DROP … IF EXISTS takes that for done")
        }
        try keeper.drop(drop.name.text)
        return Self.rows([["view \(drop.name.text) is dropped"]], Self.doneFields())
    }

    private func keeper(
        _ what: String, _ request: QueryRequest, _ service: QueryService, at position: SourcePosition
    ) throws(SQLError) -> ViewRegistry.Keeper {
        guard request.allowsStatements, let keeper = service.views.keeper else {
            throw SQLError(
                code: .unsupported, message: "\(what) runs as a job, and this asks a question", at: position,
                suggestion: "submit the script as a job, or POST it to /api/v1/query of a server with jobs")
        }
        return keeper
    }
}
