import Columns
import SQL

/// What a partial match remembers of the rows it took, as a few integers: the rows that `FIRST` and `LAST` mean,
/// counts and sums. A new row changes them without a look at the rows before.
struct MatchRegisters {
    /// How a row that a variable takes changes the registers.
    private enum Change {
        /// The latest rows, the last one first.
        case latest(register: Int, count: Int)
        /// The row number `offset` of those taken; the count of rows stands behind it.
        case first(register: Int, offset: Int64)
        case count(register: Int, column: Int?)
        /// A sum, and the number of values behind it.
        case integerSum(register: Int, column: Int)
        case doubleSum(register: Int, column: Int)
        /// A sum in two registers, the lower half first, and the number of values behind it.
        case decimalSum(register: Int, column: Int)
        case extremum(register: Int, column: Int, isMinimum: Bool)
    }

    /// Where a read's value comes from.
    enum Source {
        case current(column: Int)
        /// Of the row that the register names, if any.
        case row(register: Int, column: Int)
        case count(register: Int)
        case integerSum(register: Int, isAverage: Bool, type: SQLType)
        case doubleSum(register: Int, isAverage: Bool)
        /// - Parameter shift: digits behind the point that an average has and its argument has not.
        case decimalSum(register: Int, isAverage: Bool, shift: Int)
    }

    /// A register that names no row.
    static let noRow: Int64 = -1

    /// The registers before the first row.
    private(set) var initial: [Int64] = []
    private var changes: [(variable: Int?, change: Change)] = []
    /// The changes for each variable's rows.
    private var changesByVariable: [[Change]] = []

    var count: Int { initial.count }

    /// - Parameter columns: of the stored rows: the read's argument, the event time.
    mutating func add(_ read: MatchSpecification.Read, argument: Int, time: Int) -> Source {
        switch read.kind {
        case .current: return .current(column: argument)
        case .rowtime: return .row(register: latest(of: nil, offset: 0), column: time)
        case .last(let offset): return .row(register: latest(of: read.variable, offset: offset), column: argument)
        case .first(let offset): return .row(register: first(of: read.variable, offset: offset), column: argument)
        case .aggregate(let function): return add(function, read, argument)
        }
    }

    private mutating func add(
        _ function: AggregateCall.Function, _ read: MatchSpecification.Read, _ column: Int
    ) -> Source {
        let register = initial.count
        switch function {
        case .min, .max:
            initial.append(Self.noRow)
            let change = Change.extremum(register: register, column: column, isMinimum: function == .min)
            changes.append((read.variable, change))
            return .row(register: register, column: column)
        case .sum, .avg:
            if let scale = read.type.fieldType.decimalScale {
                initial += [0, 0, 0]
                changes.append((read.variable, .decimalSum(register: register, column: column)))
                let given = read.argument?.type.fieldType.decimalScale ?? scale
                return .decimalSum(register: register, isAverage: function == .avg, shift: scale - given)
            }
            initial += [0, 0]
            if read.type.fieldType == .float64 {
                changes.append((read.variable, .doubleSum(register: register, column: column)))
                return .doubleSum(register: register, isAverage: function == .avg)
            }
            changes.append((read.variable, .integerSum(register: register, column: column)))
            return .integerSum(register: register, isAverage: function == .avg, type: read.type)
        case .countAll, .count, .approxCountDistinct, .approxPercentile, .first, .last,
            .variance, .concatenation, .percentile:
            initial.append(0)
            changes.append((read.variable, .count(register: register, column: function == .count ? column : nil)))
            return .count(register: register)
        }
    }

    mutating func latest(of variable: Int?, offset: Int) -> Int {
        let register = initial.count
        initial += Array(repeating: Self.noRow, count: offset + 1)
        changes.append((variable, .latest(register: register, count: offset + 1)))
        return register + offset
    }

    mutating func first(of variable: Int?, offset: Int) -> Int {
        let register = initial.count
        initial += [Self.noRow, 0]
        changes.append((variable, .first(register: register, offset: Int64(offset))))
        return register
    }

    /// To be called once all reads are added.
    mutating func seal(variableCount: Int) {
        changesByVariable = (0..<variableCount).map { variable in
            changes.filter { $0.variable == nil || $0.variable == variable }.map(\.change)
        }
    }

    /// Row `sequence` of the attempt goes to `variable`.
    func update(
        _ registers: inout [Int64], variable: Int, sequence: Int, rows: MatchedRows, _ store: MatchRows
    ) {
        let place = rows[Int64(sequence)]
        for change in changesByVariable[variable] {
            switch change {
            case .latest(let register, let count):
                for index in stride(from: register + count - 1, to: register, by: -1) {
                    registers[index] = registers[index - 1]
                }
                registers[register] = Int64(sequence)
            case .first(let register, let offset):
                if registers[register + 1] == offset { registers[register] = Int64(sequence) }
                registers[register + 1] += 1
            case .count(let register, let column):
                if let column, store.isNull(column, place) { continue }
                registers[register] += 1
            case .integerSum(let register, let column):
                guard case .integer(let value) = store.value(column, place) else { continue }
                registers[register] &+= value
                registers[register + 1] += 1
            case .doubleSum(let register, let column):
                guard case .double(let value) = store.value(column, place) else { continue }
                let sum = Double(bitPattern: UInt64(bitPattern: registers[register])) + value
                registers[register] = Int64(bitPattern: sum.bitPattern)
                registers[register + 1] += 1
            case .decimalSum(let register, let column):
                guard case .decimal(let value) = store.value(column, place) else { continue }
                Self.add(value, to: register, of: &registers)
            case .extremum(let register, let column, let isMinimum):
                if store.isNull(column, place) { continue }
                let known = registers[register]
                if known != Self.noRow {
                    let order = store.compare(column, place, rows[known])
                    guard isMinimum ? order < 0 : order > 0 else { continue }
                }
                registers[register] = Int64(sequence)
            }
        }
    }

    /// A sum that has become too large stays so.
    private static let tooLarge: Int64 = -1

    private static func add(_ value: Int128, to register: Int, of registers: inout [Int64]) {
        guard registers[register + 2] != tooLarge else { return }
        let (sum, overflow) = decimal(register, registers).addingReportingOverflow(value)
        registers[register] = Int64(truncatingIfNeeded: sum)
        registers[register + 1] = Int64(truncatingIfNeeded: sum >> 64)
        registers[register + 2] = overflow ? tooLarge : registers[register + 2] + 1
    }

    private static func decimal(_ register: Int, _ registers: [Int64]) -> Int128 {
        Int128(registers[register + 1]) << 64 | Int128(UInt64(bitPattern: registers[register]))
    }

    /// The value of a count or a sum.
    static func number(_ source: Source, _ registers: [Int64]) -> MatchValue {
        switch source {
        case .current, .row: return .null
        case .count(let register): return .integer(registers[register])
        case .integerSum(let register, let isAverage, let type):
            let count = registers[register + 1]
            if count == 0 { return .null }
            let sum = registers[register]
            return .integer(IntegerSumAccumulator.narrow(isAverage ? sum / count : sum, to: type))
        case .doubleSum(let register, let isAverage):
            let count = registers[register + 1]
            if count == 0 { return .null }
            let sum = Double(bitPattern: UInt64(bitPattern: registers[register]))
            return .double(isAverage ? sum / Double(count) : sum)
        case .decimalSum(let register, let isAverage, let shift):
            let count = registers[register + 2]
            guard count > 0, let sum = DecimalMath.within(decimal(register, registers)) else { return .null }
            if !isAverage { return .decimal(sum) }
            return DecimalMath.quotient(sum, Int128(count), shift: shift).map { .decimal($0) } ?? .null
        }
    }
}
