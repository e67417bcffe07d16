import Columns
import SQL
import Streams

/// A table of a test file: declared as in `CREATE TABLE`, with its rows.
struct SQLTestTable {
    let declaration: TableDeclaration
    let definition: TableDefinition

    /// - Parameter rows: a cell for each column, as its type is cast from text; `nil` for null.
    init(_ declarationText: String, rows: [[String?]]) throws {
        let statements = try SQLParser.parse(declarationText)
        guard statements.count == 1, case .createTable(let declaration) = statements[0] else {
            throw SQLError(code: .syntax, message: "a table is declared as in CREATE TABLE")
        }
        self.declaration = declaration
        let schema = Schema(declaration.fields.map { Field($0.name, $0.type.fieldType) })
        var columns: [Column] = []
        for (index, field) in declaration.fields.enumerated() {
            columns.append(try Self.column(field, cells: rows.map { index < $0.count ? $0[index] : nil }))
        }
        var definition = TableDefinition(
            .batches([Batch(schema: schema, rowCount: rows.count, columns: columns)]))
        definition.fields = declaration.fields
        definition.timeColumn = declaration.timeColumn
        definition.watermarkDelay = declaration.timeColumn == nil ? nil : declaration.watermarkDelay
        self.definition = definition
    }

    private static func column(_ field: PlanField, cells: [String?]) throws -> Column {
        var builder = ColumnBuilder(type: .string, capacity: cells.count)
        for cell in cells {
            if let cell { builder.append(bytes: Array(cell.utf8)) } else { builder.appendNull() }
        }
        let texts = Batch(
            schema: Schema([Field(field.name, .string)]), rowCount: cells.count, columns: [builder.finish()])
        let text = BoundExpression.column(index: 0, type: .varchar)
        let typed = field.type == .varchar ? text : .cast(text, to: field.type, isTry: false)
        return try CompiledExpression(typed).evaluate(texts, context: EvaluationContext(now: 0))
    }
}
