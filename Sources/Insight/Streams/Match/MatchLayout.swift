import Columns
import SQL

/// What a `MATCH_RECOGNIZE` node computes, compiled.
///
/// Of each row there is stored what the search reads: the partition's columns, the event time, the arguments of reads,
/// and which variables' row conditions it satisfies.
final class MatchLayout {
    struct Variable {
        /// The stored column that tells whether a row satisfies what of the condition looks at the row alone.
        let rowCondition: Int?
        let matchCondition: MatchCondition?
    }

    /// Where the search goes on; the register names the row.
    enum Skip {
        case pastLastRow
        case toNextRow
        case to(register: Int, words: String)
    }

    let program: PatternProgram
    let variables: [Variable]
    let registers: MatchRegisters
    /// Registers that conditions read come first: partial matches that agree in them have the same future.
    let conditionRegisters: Int
    let conditionSources: [MatchRegisters.Source]
    let measureSources: [MatchRegisters.Source]
    let skip: Skip
    let within: Int64?
    let keyCount: Int
    let keyTypes: [FieldType]
    /// Of the rows that are stored.
    let storedSchema: Schema
    /// Of the partition's columns and the measures' reads.
    let readSchema: Schema
    private let stored: [RowExpression]
    private let measures: [RowExpression]
    private let outputSchema: Schema
    private let context: EvaluationContext
    /// Where rows go whose conditions or measures fail; `nil` where the query fails then.
    let deadLetters: DeadLetters?

    var timeColumn: Int { keyCount }

    init(
        _ match: MatchSpecification, input: [PlanField], fields: [PlanField], context: EvaluationContext,
        deadLetters: DeadLetters? = nil
    ) throws(SQLError) {
        self.deadLetters = deadLetters
        var columns = StoredColumns(input: input)
        for key in match.partitionKeys { try columns.append(.column(index: key, type: input[key].type)) }
        try columns.append(.column(index: match.timeColumn, type: .timestamp))
        keyCount = match.partitionKeys.count
        keyTypes = match.partitionKeys.map { input[$0].type.fieldType }
        var registers = MatchRegisters()
        var sources: [[MatchRegisters.Source]] = []
        var conditionRegisters = 0
        for reads in [match.conditionReads, match.measureReads] {
            var own: [MatchRegisters.Source] = []
            for read in reads {
                let argument = try read.argument.map { expression throws(SQLError) in try columns.index(of: expression)
                }
                own.append(registers.add(read, argument: argument ?? keyCount, time: keyCount))
            }
            if sources.isEmpty { conditionRegisters = registers.count }
            sources.append(own)
        }
        self.conditionRegisters = conditionRegisters
        conditionSources = sources[0]
        measureSources = sources[1]
        skip = Self.skip(match, &registers)
        registers.seal(variableCount: match.variables.count)
        self.registers = registers
        var variables: [Variable] = []
        for variable in match.variables {
            let row = try variable.rowCondition.map { expression throws(SQLError) in try columns.index(of: expression) }
            let condition = try variable.matchCondition.map { expression throws(SQLError) in
                try MatchCondition(expression, reads: match.conditionReads, context: context)
            }
            variables.append(Variable(rowCondition: row, matchCondition: condition))
        }
        self.variables = variables
        program = PatternProgram(match.pattern)
        within = match.within
        stored = columns.expressions
        storedSchema = Schema(planFields: columns.fields)
        let keys = match.partitionKeys.map { input[$0] }
        readSchema = Schema(
            planFields: keys + match.measureReads.map { PlanField(name: $0.name(match, input), type: $0.type) })
        var measures: [RowExpression] = []
        for measure in match.measures {
            measures.append(try RowExpression(measure.remapped(by: keyCount)))
        }
        self.measures = measures
        outputSchema = Schema(planFields: fields)
        self.context = context
    }

    private static func skip(_ match: MatchSpecification, _ registers: inout MatchRegisters) -> Skip {
        switch match.skip {
        case .pastLastRow: return .pastLastRow
        case .toNextRow: return .toNextRow
        case .toFirst(let variable):
            return .to(
                register: registers.first(of: variable, offset: 0), words: "FIRST \(match.variables[variable].name)")
        case .toLast(let variable):
            return .to(
                register: registers.latest(of: variable, offset: 0), words: "LAST \(match.variables[variable].name)")
        }
    }

    /// The partition's values of each row of the input.
    func partitionKeys(_ batch: Batch) throws(SQLError) -> [Column] {
        var keys: [Column] = []
        for key in stored.prefix(keyCount) { keys.append(try key.evaluate(batch, context)) }
        return keys
    }

    /// What is stored of the rows of `batch`.
    func storedRows(_ batch: Batch) throws(SQLError) -> Batch {
        var columns: [Column] = []
        for expression in stored { columns.append(try expression.evaluate(batch, context)) }
        return Batch(schema: storedSchema, rowCount: batch.rowCount, columns: columns)
    }

    /// The answer's rows for matches that were read, without those whose measures fail where these are set aside.
    func answers(_ reads: Batch) throws(SQLError) -> [Batch] {
        guard let deadLetters else { return [try answer(reads)] }
        var answers: [Batch] = []
        try deadLetters.withoutPlace { () throws(SQLError) in
            try deadLetters.sift(reads, step: "MEASURES") { piece throws(SQLError) in
                answers.append(try answer(piece))
            }
        }
        return answers
    }

    private func answer(_ reads: Batch) throws(SQLError) -> Batch {
        var columns = Array(reads.columns[..<keyCount])
        for measure in measures { columns.append(try measure.evaluate(reads, context)) }
        return Batch(schema: outputSchema, rowCount: reads.rowCount, columns: columns)
    }
}

extension MatchSpecification.Read {
    /// What a dead letter calls it.
    fileprivate func name(_ match: MatchSpecification, _ input: [PlanField]) -> String {
        let variable = variable.map { match.variables[$0].name + "." } ?? ""
        return variable + (argument?.text(over: input) ?? "*")
    }
}

/// The columns to store of each row, equal expressions once.
private struct StoredColumns {
    let input: [PlanField]
    private(set) var expressions: [RowExpression] = []
    private(set) var fields: [PlanField] = []
    private var places: [BoundExpression: Int] = [:]

    init(input: [PlanField]) { self.input = input }

    mutating func append(_ expression: BoundExpression) throws(SQLError) {
        expressions.append(try RowExpression(expression))
        // Named by what they are, so that a changed query does not take over what it did not mean.
        fields.append(PlanField(name: expression.text(over: input), type: expression.type))
        if places[expression] == nil { places[expression] = fields.count - 1 }
    }

    mutating func index(of expression: BoundExpression) throws(SQLError) -> Int {
        if let known = places[expression] { return known }
        try append(expression)
        return fields.count - 1
    }
}

extension BoundExpression {
    /// With the columns' indices `shift` further on.
    fileprivate func remapped(by shift: Int) -> BoundExpression {
        switch self {
        case .column(let index, let type): .column(index: index + shift, type: type)
        case .literal: self
        case .call(let function, let arguments, let type):
            .call(function, arguments.map { $0.remapped(by: shift) }, type: type)
        case .cast(let operand, let type, let isTry): .cast(operand.remapped(by: shift), to: type, isTry: isTry)
        case .inList(let operand, let values, let isNegated):
            .inList(operand.remapped(by: shift), values, isNegated: isNegated)
        case .anyElement(let list, let captures, let predicate):
            .anyElement(
                list.remapped(by: shift), captures: captures.map { $0.remapped(by: shift) }, predicate: predicate)
        case .caseWhen(let branches, let otherwise, let type):
            .caseWhen(
                branches.map {
                    CaseBranch(
                        condition: $0.condition.remapped(by: shift), result: $0.result.remapped(by: shift))
                }, otherwise: otherwise.remapped(by: shift), type: type)
        }
    }
}
