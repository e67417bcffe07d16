import Columns
import SQL

extension OverAggregate {
    /// Differences of exact sums; null where a frame's sum has more than 38 digits.
    func sums(_ numbers: [Int128]) -> Column {
        var total = DecimalSum()
        let before = [DecimalSum](capacity: numbers.count + 1) { out in
            for number in numbers {
                out.append(total)
                total.add(number)
            }
            out.append(total)
        }
        let isAverage = function == .avg
        let type = call.type.fieldType
        let shift = (type.decimalScale ?? 0) - (values.column?.type.decimalScale ?? 0)
        var validity = Bitmap(repeating: true, count: count)
        var hasNull = false
        let results = [Int128](capacity: count) { out in
            for place in 0..<count {
                let (start, end) = (Int(values.starts[place]), Int(values.ends[place]))
                var result: Int128?
                if start < end, let sum = (before[end] - before[start]).units {
                    result = isAverage ? DecimalMath.quotient(sum, Int128(end - start), shift: shift) : sum
                }
                if result == nil {
                    validity[place] = false
                    hasNull = true
                }
                out.append(result ?? 0)
            }
        }
        return Column(type: type, count: count, validity: hasNull ? validity : nil, storage: .decimal(results))
    }
}
