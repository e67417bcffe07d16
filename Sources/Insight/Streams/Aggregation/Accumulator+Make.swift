import Columns
import SQL

extension Accumulator {
    /// The empty state of an aggregate call.
    ///
    /// - Parameter takesBack: rows may be taken back, so that what depends on single values counts them.
    static func make(for call: AggregateCall, takesBack: Bool = false) throws(SQLError) -> Accumulator {
        if takesBack { return try makeCounted(call) }
        let plain = try makePlain(call)
        guard call.isDistinct, let argument = call.argument else { return plain }
        switch call.function {
        case .min, .max, .first, .last, .approxCountDistinct: return plain
        default: return DistinctAccumulator(inner: plain, type: argument.type.fieldType)
        }
    }

    private static func makeCounted(_ call: AggregateCall) throws(SQLError) -> Accumulator {
        guard let argument = call.argument else { return try makePlain(call) }
        let type = argument.type.fieldType
        switch call.function {
        case .min, .max: return CountedExtremumAccumulator(type: type, isMaximum: call.function == .max)
        case .countAll, .count, .sum, .avg:
            let plain = try makePlain(call)
            return call.isDistinct ? CountedDistinctAccumulator(inner: plain, type: type) : plain
        case .concatenation(let parts):
            let plain = ListedValuesAccumulator(parts, type: call.type.fieldType)
            return call.isDistinct ? CountedDistinctAccumulator(inner: plain, type: type) : plain
        case .first, .last: return KeptChoiceAccumulator(type: type, isLast: call.function == .last)
        case .variance, .percentile:
            let plain = try makePlain(call)
            return call.isDistinct ? CountedDistinctAccumulator(inner: plain, type: type) : plain
        // The sketch can't tell which values are left: they are counted.
        case .approxCountDistinct: return CountedDistinctAccumulator(inner: CountAccumulator(), type: type)
        case .approxPercentile: return try makePlain(call)
        }
    }

    private static func makePlain(_ call: AggregateCall) throws(SQLError) -> Accumulator {
        let argument = call.argument?.type.fieldType
        switch call.function {
        case .countAll, .count: return CountAccumulator()
        case .sum, .avg:
            let isAverage = call.function == .avg
            switch argument {
            case .int64: return IntegerSumAccumulator(type: call.type, isAverage: isAverage)
            case .decimal(let scale):
                return DecimalSumAccumulator(type: call.type, argumentScale: Int(scale), isAverage: isAverage)
            case .float64: return FloatSumAccumulator(type: call.type, isAverage: isAverage)
            default: break
            }
        case .min, .max:
            if let argument { return makeExtremum(argument, call.function == .max ? .maximum : .minimum) }
        case .first, .last:
            if let argument { return makeExtremum(argument, call.function == .first ? .first : .last) }
        case .variance(let variance): return VarianceAccumulator(variance)
        case .concatenation(let parts):
            let type = call.type.fieldType
            return parts.isSorted
                ? ListedValuesAccumulator(parts, type: type) : ConcatenationAccumulator(parts, type: type)
        case .percentile(let fraction): return ExactPercentileAccumulator(fraction: fraction)
        case .approxCountDistinct: return DistinctCountAccumulator()
        case .approxPercentile(let fraction):
            if argument == .int64 || argument == .float64 || argument == .timestamp {
                return PercentileAccumulator(type: call.type, fraction: fraction)
            }
        }
        throw SQLError(code: .typeMismatch, message: "this aggregate cannot be computed over its argument's type")
    }

    private static func makeExtremum(_ type: FieldType, _ choice: ValueChoice) -> Accumulator {
        switch type {
        case .int64, .timestamp:
            ExtremumAccumulator<Int64>(
                type: type, choice: choice, initial: 0, values: { $0.int64s }, storage: { .int64($0) })
        case .float64:
            ExtremumAccumulator<Double>(
                type: type, choice: choice, initial: 0, values: { $0.float64s }, storage: { .float64($0) })
        case .ip:
            ExtremumAccumulator<IPAddress>(
                type: type, choice: choice, initial: IPAddress(high: 0, low: 0), values: { $0.addresses },
                storage: { .ip($0) })
        case .decimal:
            ExtremumAccumulator<Int128>(
                type: type, choice: choice, initial: 0, values: { $0.decimals }, storage: { .decimal($0) })
        case .bool:
            ExtremumAccumulator<UInt8>(
                type: type, choice: choice, initial: 0,
                values: { column in
                    guard let bits = column.bools else { return nil }
                    return (0..<bits.count).map { bits[$0] ? 1 : 0 }
                },
                storage: { values in
                    var bits = Bitmap(repeating: false, count: values.count)
                    for (index, value) in values.enumerated() where value != 0 { bits[index] = true }
                    return .bool(bits)
                })
        case .string, .bytes, .json: ByteExtremumAccumulator(type: type, choice: choice)
        }
    }
}
