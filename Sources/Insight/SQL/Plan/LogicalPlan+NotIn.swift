extension LogicalPlan {
    /// A key that all rows share.
    static let one = BoundExpression.literal(.bool(true), type: .boolean)

    /// The different values of some expressions, behind `one`.
    static func distinct(of expressions: [BoundExpression], in input: LogicalPlan) -> LogicalPlan {
        let all = [one] + expressions
        let fields = all.enumerated().map { PlanField(name: "$key\($0)", type: $1.type) }
        return .distinct(input: .project(input: input, expressions: all, fields: fields))
    }

    /// An anti join that is aware of nulls (`JoinSpecification.isNullAware`) as three that are not: for the rows that meet
    /// an equal value, for those whose list has a null, and for those whose value is null while their list has any.
    public static func notIn(_ left: LogicalPlan, _ right: LogicalPlan, _ join: JoinSpecification) -> LogicalPlan {
        guard join.isNullAware, let value = join.leftKeys.last, let item = join.rightKeys.last else {
            return .join(left: left, right: right, join: join)
        }
        var equal = join
        equal.isNullAware = false
        let (ties, listTies) = (Array(join.leftKeys.dropLast()), Array(join.rightKeys.dropLast()))
        func without(_ rows: LogicalPlan, _ list: LogicalPlan, where condition: BoundExpression) -> LogicalPlan {
            var anti = equal
            let lists = distinct(of: listTies, in: list)
            anti.holdsAnswers = true
            anti.leftKeys = [condition] + ties
            anti.rightKeys = anti.leftKeys.enumerated().map { .column(index: $0, type: $1.type) }
            return .join(left: rows, right: lists, join: anti)
        }
        func isNull(_ value: BoundExpression) -> BoundExpression { .call(.isNull, [value], type: .boolean) }
        let different = LogicalPlan.join(left: left, right: right, join: equal)
        let certain = without(different, .filter(input: right, predicate: isNull(item)), where: one)
        return without(certain, right, where: isNull(value))
    }
}
