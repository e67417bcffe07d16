import Columns

extension Column {
    /// `count` times the same value.
    static func repeating(_ value: Value, type: FieldType, count: Int) -> Column {
        var validity: Bitmap?
        if value == .null { validity = Bitmap(repeating: false, count: count) }
        let storage: Storage
        switch type {
        case .bool: storage = .bool(Bitmap(repeating: value == .bool(true), count: count))
        case .int64, .timestamp:
            var element: Int64 = 0
            if case .int64(let value) = value { element = value }
            storage = .int64(Array(repeating: element, count: count))
        case .float64:
            var element = 0.0
            if case .float64(let value) = value { element = value }
            if case .int64(let value) = value { element = Double(value) }
            storage = .float64(Array(repeating: element, count: count))
        case .string, .bytes, .json:
            var element: [UInt8] = []
            if case .bytes(let value) = value { element = value }
            storage = .dictionary(
                codes: Array(repeating: 0, count: count),
                values: ByteStrings(offsets: [0, UInt32(element.count)], bytes: element))
        case .ip:
            var element = IPAddress(high: 0, low: 0)
            if case .ip(let value) = value { element = value }
            storage = .ip(Array(repeating: element, count: count))
        case .decimal:
            var element: Int128 = 0
            if case .decimal(let value) = value { element = value }
            storage = .decimal(Array(repeating: element, count: count))
        }
        return Column(type: type, count: count, validity: validity, storage: storage)
    }

    /// One row's value, for folding and messages; not in a loop over rows.
    func value(_ row: Int) -> Value {
        if isNull(row) { return .null }
        switch storage {
        case .bool(let values): return .bool(values[row])
        case .int64(let values): return .int64(values[row])
        case .float64(let values): return .float64(values[row])
        case .byteStrings(let values): return .bytes(Array(values.bytes[values.range(row)]))
        case .dictionary(let codes, let values):
            return .bytes(Array(values.bytes[values.range(Int(codes[row]))]))
        case .ip(let values): return .ip(values[row])
        case .decimal(let values): return .decimal(values[row])
        }
    }

    /// The same values with this validity.
    func masked(_ validity: Bitmap?) -> Column {
        Column(type: type, count: count, validity: validity, storage: storage)
    }
}

/// Makes one text a row. What is appended for a row that turns out null is dropped.
struct TextBuilder {
    private var bytes: [UInt8] = []
    private var offsets: [UInt32] = [0]
    private var validity: Bitmap?
    private let count: Int
    private let limit: Int

    init(count: Int, validity: Bitmap?, limit: Int) {
        self.count = count
        self.limit = limit
        self.validity = validity
        offsets.reserveCapacity(count + 1)
    }

    /// Calls `body` for each row that has a value; false makes the row null.
    @inline(__always)
    mutating func build(_ body: (Int, inout [UInt8]) throws(SQLError) -> Bool) throws(SQLError) {
        let given = validity
        for row in 0..<count {
            let start = bytes.count
            if given == nil || given![row] {
                if try !body(row, &bytes) {
                    if validity == nil { validity = Bitmap(repeating: true, count: count) }
                    validity![row] = false
                    bytes.removeLast(bytes.count - start)
                }
                if bytes.count > limit { throw SQLError.textTooLong(limit) }
            }
            offsets.append(UInt32(bytes.count))
        }
    }

    consuming func finish(_ type: FieldType = .string) -> Column {
        Column(
            type: type, count: count, validity: validity,
            storage: .byteStrings(ByteStrings(offsets: offsets, bytes: bytes)))
    }
}

/// Loops that make a column of fixed-width values, one a row.
enum Loop {
    /// One value a row, over all rows: for what cannot fail on the filler of a null row.
    @inline(__always)
    static func map<Element>(_ count: Int, filler: Element, _ body: (Int) -> Element) -> [Element] {
        var result = [Element](repeating: filler, count: count)
        for row in 0..<count { result[row] = body(row) }
        return result
    }

    @inline(__always)
    static func map<Input, Element>(
        _ left: Values<Input>, _ count: Int, filler: Element, _ body: (Input) -> Element
    ) -> [Element] {
        var result = [Element](repeating: filler, count: count)
        let input = left.elements
        if left.isConstant {
            let value = body(input[0])
            for row in 0..<count { result[row] = value }
        } else {
            precondition(input.count == count, "operands differ in length")
            for row in 0..<count { result[row] = body(input[row]) }
        }
        return result
    }

    /// Two operands, the shapes column-column, column-constant and constant-column each in a loop of its own.
    @inline(__always)
    static func map<Left, Right, Element>(
        _ left: Values<Left>, _ right: Values<Right>, _ count: Int, filler: Element, _ body: (Left, Right) -> Element
    ) -> [Element] {
        var result = [Element](repeating: filler, count: count)
        let first = left.elements
        let second = right.elements
        if right.isConstant {
            let constant = second[0]
            if left.isConstant {
                let value = body(first[0], constant)
                for row in 0..<count { result[row] = value }
            } else {
                precondition(first.count == count, "operands differ in length")
                for row in 0..<count { result[row] = body(first[row], constant) }
            }
        } else if left.isConstant {
            let constant = first[0]
            precondition(second.count == count, "operands differ in length")
            for row in 0..<count { result[row] = body(constant, second[row]) }
        } else {
            precondition(first.count == count && second.count == count, "operands differ in length")
            for row in 0..<count { result[row] = body(first[row], second[row]) }
        }
        return result
    }

    /// As `map`, into bits. A constant stands on the right: the caller exchanges the sides.
    @inline(__always)
    static func test<Left, Right>(
        _ left: Values<Left>, _ right: Values<Right>, _ count: Int, _ body: (Left, Right) -> Bool
    ) -> Bitmap {
        let first = left.elements
        let second = right.elements
        if right.isConstant {
            let constant = second[0]
            if left.isConstant { return Bitmap(repeating: body(first[0], constant), count: count) }
            precondition(first.count == count, "operands differ in length")
            return Bitmap(count: count) { body(first[$0], constant) }
        }
        precondition(first.count == count && second.count == count, "operands differ in length")
        return Bitmap(count: count) { body(first[$0], second[$0]) }
    }

    /// As `mapValid` below, for what does not fail.
    @inline(__always)
    static func mapValid<Element>(
        _ count: Int, _ validity: Bitmap?, filler: Element, _ body: (Int) -> Element?
    ) -> (values: [Element], validity: Bitmap?) {
        var result = [Element](repeating: filler, count: count)
        var nulls = validity
        for row in 0..<count where validity == nil || validity![row] {
            if let value = body(row) {
                result[row] = value
            } else {
                if nulls == nil { nulls = Bitmap(repeating: true, count: count) }
                nulls![row] = false
            }
        }
        return (result, nulls)
    }

    /// One value a row that has one; `body` may fail, and gives nil for null. Fillers of null rows are not looked at.
    @inline(__always)
    static func mapValid<Element>(
        _ count: Int, _ validity: Bitmap?, filler: Element, _ body: (Int) throws(SQLError) -> Element?
    ) throws(SQLError) -> (values: [Element], validity: Bitmap?) {
        var result = [Element](repeating: filler, count: count)
        var nulls = validity
        for row in 0..<count where validity == nil || validity![row] {
            if let value = try body(row) {
                result[row] = value
            } else {
                if nulls == nil { nulls = Bitmap(repeating: true, count: count) }
                nulls![row] = false
            }
        }
        return (result, nulls)
    }
}

extension Column {
    static func int64s(_ made: (values: [Int64], validity: Bitmap?), _ type: FieldType = .int64) -> Column {
        Column(type: type, count: made.values.count, validity: made.validity, storage: .int64(made.values))
    }

    static func float64s(_ made: (values: [Double], validity: Bitmap?)) -> Column {
        Column(type: .float64, count: made.values.count, validity: made.validity, storage: .float64(made.values))
    }

    static func bools(_ values: Bitmap, _ validity: Bitmap?) -> Column {
        Column(type: .bool, count: values.count, validity: validity, storage: .bool(values))
    }

    static func bools(_ made: (values: [Bool], validity: Bitmap?)) -> Column {
        let values = made.values
        return bools(Bitmap(count: values.count) { values[$0] }, made.validity)
    }
}
