import Columns

extension Evaluator {
    /// What is drawn for each row anew.
    ///
    /// - Parameter bound: the argument of `RAND_INTEGER`.
    func chance(_ function: ScalarFunction, _ bound: Operand?) throws(SQLError) -> Operand {
        var generator = SystemRandomNumberGenerator()
        switch function {
        case .random:
            return .column(.float64s((Loop.map(count, filler: 0) { _ in .random(in: 0..<1, using: &generator) }, nil)))
        case .randomInteger:
            guard let bound, !bound.isConstantNull, count > 0 else { return .constant(.null) }
            let bounds = bound.int64s()
            let drawn = try Loop.mapValid(count, bound.validity(count), filler: 0) { (row) throws(SQLError) -> Int64? in
                guard bounds[row] > 0 else { throw .evaluation("RAND_INTEGER needs a bound above zero") }
                return .random(in: 0..<bounds[row], using: &generator)
            }
            return .column(.int64s(drawn))
        default:
            var builder = TextBuilder(count: count, validity: nil, limit: context.maximumTextBytes)
            try builder.build { _, output in
                Self.appendUUID(generator.next(), generator.next(), to: &output)
                return true
            }
            return .column(builder.finish())
        }
    }

    /// RFC 9562, section 5.4.
    private static func appendUUID(_ high: UInt64, _ low: UInt64, to output: inout [UInt8]) {
        let words = [high & ~0xf000 | 0x4000, low & ~(3 << 62) | 1 << 63]
        for place in 0..<32 {
            if place == 8 || place == 12 || place == 16 || place == 20 { output.append(UInt8(ascii: "-")) }
            let nibble = UInt8(truncatingIfNeeded: words[place >> 4] >> UInt64(60 - 4 * (place & 15))) & 15
            output.append(nibble < 10 ? nibble + 48 : nibble + 87)
        }
    }
}
