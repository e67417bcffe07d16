import Columns

extension Kernel {
    /// `(text, key, …, orders)`. Keys may be null, a text that is gives null.
    func sortedItem(_ arguments: [Argument], _ count: Int) throws(SQLError) -> Column {
        let orders = SortedItem.orders(arguments[arguments.count - 1].operand.texts().array(0))
        let keys = zip(arguments.dropFirst().dropLast(), orders).map { SortedItemKey($0.operand, $1, count) }
        let texts = arguments[0].operand.texts()
        return try made([arguments[0]], count) { row, output in
            for key in keys { key.append(row, to: &output) }
            let start = output.count
            texts.append(row, to: &output)
            SortedItem.appendLength(output.count - start, to: &output)
            return true
        }
    }
}

/// A key of a `SortedItem`: bytes that compare as its values, none of which begins another.
private struct SortedItemKey {
    private enum Values {
        case integers(SQL.Values<Int64>)
        case doubles(SQL.Values<Double>)
        case decimals(SQL.Values<Int128>)
        case addresses(SQL.Values<IPAddress>)
        case bits(Bitmap)
        case texts(Texts)
        case nulls
    }

    private let values: Values
    private let validity: Bitmap?
    /// Changes each bit of a value that goes from the greatest to the least.
    private let flip: UInt8
    private let nullByte: UInt8

    init(_ operand: Operand, _ order: SortedItem.Order, _ count: Int) {
        self.validity = operand.validity(count)
        self.flip = order.isDescending ? 0xFF : 0
        self.nullByte = order.nullsFirst ? 0 : 2
        switch operand {
        case .constant(.null): self.values = .nulls
        case .constant(.bool(let value)): self.values = .bits(Bitmap(repeating: value, count: count))
        case .constant(.int64): self.values = .integers(operand.int64s())
        case .constant(.float64): self.values = .doubles(operand.float64s())
        case .constant(.decimal): self.values = .decimals(operand.decimals())
        case .constant(.ip): self.values = .addresses(operand.addresses())
        case .constant(.bytes): self.values = .texts(operand.texts())
        case .column(let column):
            switch column.storage {
            case .int64: self.values = .integers(operand.int64s())
            case .float64: self.values = .doubles(operand.float64s())
            case .decimal: self.values = .decimals(operand.decimals())
            case .ip: self.values = .addresses(operand.addresses())
            case .bool(let bits): self.values = .bits(bits)
            case .byteStrings, .dictionary: self.values = .texts(operand.texts())
            }
        }
    }

    func append(_ row: Int, to output: inout [UInt8]) {
        if let validity, !validity[row] { return output.append(nullByte) }
        switch values {
        case .nulls: return output.append(nullByte)
        default: output.append(1)
        }
        switch values {
        case .nulls: break
        case .integers(let values): append(UInt64(bitPattern: values[row]) ^ 1 << 63, to: &output)
        case .doubles(let values):
            let value = values[row]
            // One zero, and one NaN, the greatest.
            let bits = value == 0 ? 0 : value.isNaN ? Double.nan.bitPattern : value.bitPattern
            append(bits & 1 << 63 != 0 ? ~bits : bits | 1 << 63, to: &output)
        case .decimals(let values):
            let bits = UInt128(bitPattern: values[row]) ^ 1 << 127
            append(UInt64(truncatingIfNeeded: bits >> 64), to: &output)
            append(UInt64(truncatingIfNeeded: bits), to: &output)
        case .addresses(let values):
            append(values[row].high, to: &output)
            append(values[row].low, to: &output)
        case .bits(let bits): output.append((bits[row] ? 1 : 0) ^ flip)
        case .texts(let texts):
            let text = texts.text(row)
            for index in text.indices {
                output.append(text[index] ^ flip)
                if text[index] == 0 { output.append(0xFF ^ flip) }
            }
            output.append(flip)
            output.append(flip)
        }
    }

    private func append(_ value: UInt64, to output: inout [UInt8]) {
        for shift in stride(from: 56, through: 0, by: -8) {
            output.append(UInt8(truncatingIfNeeded: value >> UInt64(shift)) ^ flip)
        }
    }
}
