/// The overload chosen for a call.
public struct FunctionResolution: Hashable, Sendable {
    /// A cast the binder puts around an argument.
    public struct ImplicitCast: Hashable, Sendable {
        public var type: SQLType
        /// Null instead of an error where the value doesn't fit: JSON read as a number.
        public var isTry: Bool
    }

    public var function: ScalarFunction
    /// One an argument; nil where it stays as it is.
    public var casts: [ImplicitCast?]
    public var type: SQLType

    /// Casts each argument to the type listed, where its own isn't carried as that.
    init(_ function: ScalarFunction, _ arguments: [SQLType], as wanted: [SQLType], type: SQLType) {
        self.function = function
        self.type = type
        self.casts = zip(arguments, wanted).map { argument, target in
            if argument.isCarried(as: target) { return nil }
            return ImplicitCast(type: target, isTry: argument == .json && target != .varchar)
        }
    }
}
