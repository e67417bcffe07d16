import Columns
import SQL

/// An aggregate over the frame of each place. Frames only go on, so that each value comes and goes once: counts and sums
/// of integers are differences, sums of numbers two stacks, the least a queue of those that may become it. What has
/// no such form (`APPROX_PERCENTILE`) is taken up anew where a frame lets go of rows.
struct OverAggregate {
    let call: OverCall
    let function: AggregateCall.Function
    let values: OverValues
    var count: Int { values.starts.count }

    init(_ call: OverCall, _ function: AggregateCall.Function, _ values: OverValues) {
        self.call = call
        self.function = function
        self.values = values
    }

    func column() throws(SQLError) -> Column {
        if let pieces = values.pieces { return try excluding(pieces) }
        switch function {
        case .countAll: return counts()
        case .count where !call.isDistinct: return counts()
        case .count, .approxCountDistinct: return distinct()
        case .min: return extremes(isMaximum: false)
        case .max: return extremes(isMaximum: true)
        case .sum, .avg:
            switch values.column?.storage {
            case .int64(let numbers): return call.isDistinct ? distinct() : sums(numbers)
            case .float64(let numbers) where !call.isDistinct: return sums(numbers)
            case .decimal(let numbers) where !call.isDistinct: return sums(numbers)
            default: return try recomputed()
            }
        default: return try recomputed()
        }
    }

    // MARK: Counts and sums

    private func counts() -> Column {
        let (starts, ends) = (values.starts.span, values.ends.span)
        let counts = [Int64](capacity: count) { out in
            for place in starts.indices { out.append(Int64(ends[place]) - Int64(starts[place])) }
        }
        return Column(type: .int64, count: count, validity: nil, storage: .int64(counts))
    }

    private func sums(_ numbers: [Int64]) -> Column {
        var total: Int64 = 0
        let before = [Int64](capacity: numbers.count + 1) { out in
            for number in numbers {
                out.append(total)
                total &+= number
            }
            out.append(total)
        }
        return wholes { start, end in before[end] &- before[start] }
    }

    /// The results of sums: `nil` for frames without a value, averages truncated towards zero.
    private func wholes(_ sum: (Int, Int) -> Int64) -> Column {
        let isAverage = function == .avg
        let type = call.type
        var validity = Bitmap(repeating: true, count: count)
        var hasNull = false
        let sums = [Int64](capacity: count) { out in
            for place in 0..<count {
                let (start, end) = (Int(values.starts[place]), Int(values.ends[place]))
                guard start < end else {
                    validity[place] = false
                    hasNull = true
                    out.append(0)
                    continue
                }
                let value = sum(start, end)
                out.append(IntegerSumAccumulator.narrow(isAverage ? value / Int64(end - start) : value, to: type))
            }
        }
        return Column(type: type.fieldType, count: count, validity: hasNull ? validity : nil, storage: .int64(sums))
    }

    /// The older values of a frame as the sums from each to the last of them, the newer ones as one sum: nothing is
    /// ever taken away, which would leave what rounding lost.
    private func sums(_ numbers: [Double]) -> Column {
        let isAverage = function == .avg
        var suffixes = [Double](repeating: 0, count: numbers.count)
        var middle = 0
        var next = 0
        var newer = 0.0
        var validity = Bitmap(repeating: true, count: count)
        var hasNull = false
        let sums = [Double](capacity: count) { out in
            for place in 0..<count {
                let (start, end) = (Int(values.starts[place]), Int(values.ends[place]))
                if start >= next {
                    (middle, next, newer) = (start, start, 0)
                }
                while next < end {
                    newer += numbers[next]
                    next += 1
                }
                if start > middle {
                    var sum = 0.0
                    for index in stride(from: next - 1, through: start, by: -1) {
                        sum += numbers[index]
                        suffixes[index] = sum
                    }
                    (middle, newer) = (next, 0)
                }
                guard start < end else {
                    validity[place] = false
                    hasNull = true
                    out.append(0)
                    continue
                }
                let sum = start < middle ? suffixes[start] + newer : newer
                out.append(isAverage ? sum / Double(end - start) : sum)
            }
        }
        return Column(type: .float64, count: count, validity: hasNull ? validity : nil, storage: .float64(sums))
    }

    // MARK: The least and the greatest

    private func extremes(isMaximum: Bool) -> Column {
        guard let column = values.column else { return .nulls(.int64, count: count) }
        let order = SortColumn(column, isDescending: isMaximum, nullsFirst: false)
        // Each is better than those behind it.
        var queue: [UInt32] = []
        var head = 0
        var next = 0
        let best = [UInt32](capacity: count) { out in
            for place in 0..<count {
                let (start, end) = (Int(values.starts[place]), Int(values.ends[place]))
                while next < end {
                    while queue.count > head, order.compare(Int(queue[queue.count - 1]), next) > 0 {
                        queue.removeLast()
                    }
                    queue.append(UInt32(next))
                    next += 1
                }
                while head < queue.count, Int(queue[head]) < start { head += 1 }
                out.append(start < end ? queue[head] : Column.noRow)
            }
        }
        return column.gathered(best)
    }

    // MARK: Distinct values

    private func distinct() -> Column {
        guard let column = values.column else { return counts() }
        var dictionary = KeyDictionary(type: column.type)
        let numbers = dictionary.numbers(of: column)
        var uses = [UInt32](repeating: 0, count: dictionary.count)
        var (first, next) = (0, 0)
        var (distinct, sum): (Int64, Int64) = (0, 0)
        let summands = column.int64s
        var sums: [Int64] = []
        let counts = [Int64](capacity: count) { out in
            for place in 0..<count {
                let (start, end) = (Int(values.starts[place]), Int(values.ends[place]))
                while next < end {
                    let number = Int(numbers[next])
                    uses[number] += 1
                    if uses[number] == 1 {
                        distinct += 1
                        sum &+= summands?[next] ?? 0
                    }
                    next += 1
                }
                while first < min(start, next) {
                    let number = Int(numbers[first])
                    uses[number] -= 1
                    if uses[number] == 0 {
                        distinct -= 1
                        sum &-= summands?[first] ?? 0
                    }
                    first += 1
                }
                out.append(distinct)
                if summands != nil { sums.append(sum) }
            }
        }
        let found = Column(type: .int64, count: count, validity: nil, storage: .int64(counts))
        guard function == .sum || function == .avg else { return found }
        var validity = Bitmap(repeating: true, count: count)
        for place in 0..<count where counts[place] == 0 { validity[place] = false }
        let results = (0..<count).map { place in
            let value = function == .avg ? sums[place] / max(counts[place], 1) : sums[place]
            return IntegerSumAccumulator.narrow(value, to: call.type)
        }
        return Column(type: call.type.fieldType, count: count, validity: validity, storage: .int64(results)).trimmed()
    }

    // MARK: Everything else

    /// By the accumulators of GROUP BY: they go on while a frame only grows, and begin anew where it lets go of rows.
    private func recomputed() throws(SQLError) -> Column {
        let aggregate = AggregateCall(
            function: function, argument: call.argument, isDistinct: call.isDistinct, filter: call.filter,
            type: call.type)
        var accumulator = try Accumulator.make(for: aggregate)
        var results: [Column] = []
        var indices: [UInt32] = []
        indices.reserveCapacity(count)
        var (start, end) = (0, 0)
        for place in 0..<count {
            let (first, next) = (Int(values.starts[place]), Int(values.ends[place]))
            if results.isEmpty || first != start || next != end {
                if first != start || next < end {
                    accumulator = try Accumulator.make(for: aggregate)
                    end = first
                }
                if next > end {
                    let added = GroupedRows(
                        rows: (end..<next).map { UInt32($0) }, groups: [UInt32](repeating: 0, count: next - end),
                        groupCount: 1)
                    try accumulator.update(added, column: values.column)
                }
                (start, end) = (first, next)
                results.append(accumulator.results(of: [0], groupCount: 1))
            }
            indices.append(UInt32(results.count - 1))
        }
        guard let first = results.first else {
            return .nulls(call.type.fieldType, count: 0)
        }
        return Column.concatenate(results, type: first.type).select(rows: indices).trimmed()
    }
}
