/// What an evaluation knows besides the rows.
public struct EvaluationContext: Sendable {
    /// What `CURRENT_TIMESTAMP` is, microseconds UTC; one value for the whole of a stored query.
    public var now: Int64
    /// The most text one function may produce for one batch, in bytes (at most 2 GiB); past it the query fails.
    public var maximumTextBytes: Int

    /// What `PROCTIME()` asks, once a batch; `nil` for `now`.
    public var clock: (@Sendable () -> Int64)?

    /// What `CURRENT_WATERMARK` asks, once a batch; `nil` where there is no watermark.
    public var watermark: (@Sendable () -> Int64?)?

    public init(now: Int64, maximumTextBytes: Int = 64 << 20, clock: (@Sendable () -> Int64)? = nil) {
        self.now = now
        self.clock = clock
        self.maximumTextBytes = min(maximumTextBytes, 2 << 30)
    }
}

extension SQLError.Code {
    /// An integer was divided by zero.
    public static let divisionByZero = SQLError.Code(rawValue: "division_by_zero")
    /// A value can't be read as the type it is cast to.
    public static let castFailure = SQLError.Code(rawValue: "cast_failure")
    /// A value is outside of the range of its type.
    public static let outOfRange = SQLError.Code(rawValue: "out_of_range")
}

extension SQLError {
    static let divisionByZero = SQLError(
        code: .divisionByZero, message: "division by zero", suggestion: "guard the divisor: a / NULLIF(b, 0)")

    static func evaluation(_ message: String, suggestion: String? = nil) -> SQLError {
        SQLError(code: .evaluation, message: message, suggestion: suggestion)
    }

    static func textTooLong(_ limit: Int) -> SQLError {
        SQLError(code: .limitExceeded, message: "the text made for one batch exceeds \(limit) bytes")
    }
}
