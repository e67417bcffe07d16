/// `CREATE [TEMPORARY] FUNCTION [IF NOT EXISTS] name(parameter type, …) RETURNS type RETURN expression`
public struct FunctionDeclaration: Hashable, Sendable {
    public var name: ObjectName
    public var ifNotExists: Bool
    var parameters: [PlanField]
    var result: SQLType
    /// Over the parameters.
    var body: Expression
    /// How deep the body's operators are nested.
    var height: Int
}
