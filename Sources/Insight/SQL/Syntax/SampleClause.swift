/// `SAMPLE RANDOM n [SEED s] | STICKY(keys) n [SALT s] | RPS n [EXTRAPOLATE]`, after `WHERE`.
struct SampleClause: Hashable, Sendable {
    enum Method: Hashable, Sendable {
        /// In percent.
        case random(percent: Double, seed: Int64?)
        case sticky(keys: [Expression], percent: Double, salt: Int64)
        case rate(rowsPerSecond: Int)
    }

    var method: Method
    /// Of `EXTRAPOLATE`.
    var extrapolation: SourcePosition?
    var position: SourcePosition
}
