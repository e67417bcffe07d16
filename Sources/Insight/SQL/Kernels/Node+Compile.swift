import Columns

extension Node {
    init(_ expression: BoundExpression) throws(SQLError) {
        switch expression {
        case .column(let index, let type): self.init(.column(index), type, canFail: false)
        case .literal(let value, let type): self.init(.constant(value), type, canFail: false)
        case .call(let function, let arguments, let type):
            self = try Node.call(function, try Node.all(arguments), type).folded(function.isFoldable)
        case .cast(let operand, let type, let isTry): self = try Node.cast(try Node(operand), type, isTry)
        case .caseWhen(let branches, let otherwise, let type):
            self = try Node.caseWhen(branches, otherwise, type)
        case .anyElement(let list, let captures, let predicate):
            let nodes = try Node.all(captures)
            let test = try Node(predicate)
            let source = try Node(list)
            let canFail = test.canFail || source.canFail || nodes.contains { $0.canFail }
            self = Node(.anyElement(source, captures: nodes, predicate: test), .boolean, canFail: canFail)
        case .inList(let operand, let values, let isNegated):
            let node = try Node(operand)
            self = Node(
                .inList(node, ValueSet(values, type: node.type.fieldType), isNegated: isNegated), .boolean,
                canFail: node.canFail
            ).folded(true)
        }
    }

    private static func all(_ expressions: [BoundExpression]) throws(SQLError) -> [Node] {
        var nodes: [Node] = []
        for expression in expressions { nodes.append(try Node(expression)) }
        return nodes
    }

    private static func call(
        _ function: ScalarFunction, _ arguments: [Node], _ type: SQLType
    ) throws(SQLError) -> Node {
        if function == .ifThenElse {
            let branch = Branch(condition: arguments[0], result: arguments[1])
            return choose([branch], otherwise: arguments[2], type)
        }
        let prepared = try prepare(function, arguments)
        let canFail = arguments.contains { $0.canFail } || fails(function, arguments)
        return Node(.call(function, arguments, prepared), type, canFail: canFail)
    }

    private static func fails(_ function: ScalarFunction, _ arguments: [Node]) -> Bool {
        switch function {
        case .divide, .remainder:
            guard arguments[1].type.fieldType == .int64 || arguments[1].type.isDecimal else { return false }
            // A constant divisor is seen to be no zero.
            switch arguments[1].constant {
            case .int64(let divisor): return divisor == 0
            case .decimal(let divisor): return divisor == 0
            default: return true
            }
        case .like, .regexp, .regexpExtract, .regexpReplace, .regexpCount, .regexpInstr, .regexpSubstr: return true
        case .convertZone, .toTimestampInZone, .encode, .decode: return true
        case .regexpExtractAll, .onlyElement, .mapFromArrays: return true
        case .randomInteger, .jsonObject, .jsonObjectAbsent: return true
        case .printf: return true
        case .repeated, .padLeading, .padTrailing, .raise: return true
        default: return false
        }
    }

    private static func cast(_ operand: Node, _ type: SQLType, _ isTry: Bool) throws(SQLError) -> Node {
        if operand.type.isStructured {
            return try cast(Node(operand.kind, .json, canFail: operand.canFail), type, isTry)
        }
        if type.isStructured {
            let node = try cast(operand, .json, isTry)
            return Node(node.kind, type, canFail: node.canFail)
        }
        guard Cast.exists(from: operand.type, to: type) else { throw Cast.impossible(operand.type, type) }
        if operand.type.isCarried(as: type) {
            return Node(operand.kind, type, canFail: operand.canFail)
        }
        let canFail = operand.canFail || (!isTry && Cast.canFail(from: operand.type, to: type))
        return Node(.cast(operand, isTry: isTry), type, canFail: canFail).folded(true)
    }

    private static func caseWhen(
        _ branches: [CaseBranch], _ otherwise: BoundExpression, _ type: SQLType
    ) throws(SQLError) -> Node {
        var compiled: [Branch] = []
        for branch in branches {
            compiled.append(Branch(condition: try Node(branch.condition), result: try Node(branch.result)))
        }
        return choose(compiled, otherwise: try Node(otherwise), type)
    }

    /// Drops branches that are never taken, and what follows one that always is.
    private static func choose(_ branches: [Branch], otherwise: Node, _ type: SQLType) -> Node {
        var kept: [Branch] = []
        var last = otherwise
        for branch in branches {
            guard let condition = branch.condition.constant else {
                kept.append(branch)
                continue
            }
            if condition == .bool(true) {
                last = branch.result
                break
            }
        }
        if kept.isEmpty { return Node(last.kind, type, canFail: last.canFail) }
        let canFail = last.canFail || kept.contains { $0.condition.canFail || $0.result.canFail }
        return Node(.caseWhen(kept, otherwise: last), type, canFail: canFail)
    }

    /// The constant it always gives. An expression that fails is left as it is: it may never be reached.
    private func folded(_ isFoldable: Bool) -> Node {
        guard isFoldable, operands.allSatisfy({ $0.constant != nil }) else { return self }
        let row = Evaluator(
            batch: Batch(schema: Schema([]), rowCount: 1, columns: []), rows: nil,
            context: EvaluationContext(now: 0, maximumTextBytes: 1 << 20))
        guard let operand = try? row.evaluate(self) else { return self }
        switch operand {
        case .constant(let value): return Node(.constant(value), type, canFail: false)
        case .column(let column): return Node(.constant(column.value(0)), type, canFail: false)
        }
    }

    private var operands: [Node] {
        switch kind {
        case .column, .caseWhen, .anyElement: [self]
        case .constant: []
        case .call(_, let arguments, _): arguments
        case .cast(let operand, _), .inList(let operand, _, _): [operand]
        }
    }
}
