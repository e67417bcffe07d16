import Columns

extension Kernel {
    /// `PRINTF(format, value, …)`: null for a null format, one that is none, and values that don't fit it. A null value
    /// is written as `null`.
    func printed(_ arguments: [Argument], _ count: Int) throws(SQLError) -> Column {
        let formats = arguments[0].operand.texts()
        var values: [PrintValue] = []
        for argument in arguments.dropFirst() { values.append(try PrintValue(argument, count, context)) }
        var known: (text: [UInt8], format: PrintFormat?)?
        let limit = context.maximumTextBytes
        return try made([arguments[0]], count) { (row, output) throws(SQLError) -> Bool in
            let text = formats.array(row)
            let format: PrintFormat?
            if let known, known.text == text {
                format = known.format
            } else {
                format = PrintFormat(text)
                known = (text, format)
            }
            guard let format else { return false }
            for part in format.parts {
                switch part {
                case .text(let text): output.append(contentsOf: text)
                case .place(let place):
                    guard place.width ?? 0 <= limit, place.precision ?? 0 <= limit else { throw .textTooLong(limit) }
                    guard let text = Self.text(place, values, row) else { return false }
                    Self.pad(text, place, to: &output)
                }
                if output.count > limit { throw .textTooLong(limit) }
            }
            return true
        }
    }

    private static func text(_ place: PrintFormat.Place, _ values: [PrintValue], _ row: Int) -> [UInt8]? {
        if place.conversion == UInt8(ascii: "%") { return [UInt8(ascii: "%")] }
        guard place.argument < values.count else { return nil }
        let value = values[place.argument]
        guard var text = value.text(row, place) else { return nil }
        if place.isUpper {
            text = Array(String(decoding: text, as: UTF8.self).uppercased().utf8)
        }
        return text
    }

    private static func pad(_ text: [UInt8], _ place: PrintFormat.Place, to output: inout [UInt8]) {
        let missing = max((place.width ?? 0) - UTF8Text.length(text.span), 0)
        if !place.has("-") { output.append(contentsOf: repeatElement(0x20, count: missing)) }
        output.append(contentsOf: text)
        if place.has("-") { output.append(contentsOf: repeatElement(0x20, count: missing)) }
    }
}

/// One argument of `PRINTF`.
private struct PrintValue {
    private let type: SQLType
    private let operand: Operand
    private let validity: Bitmap?
    private let isConstant: Bool
    /// All values as text.
    private let texts: Texts

    init(_ argument: Argument, _ count: Int, _ context: EvaluationContext) throws(SQLError) {
        type = argument.type
        operand = argument.operand
        validity = operand.validity(count)
        isConstant = operand.isConstant
        if type == .varchar {
            texts = operand.texts()
        } else {
            let cast = Cast(from: type, to: .varchar, isTry: false, context: context)
            let column = try cast.run(operand, isConstant ? 1 : count)
            texts = isConstant ? Texts(constant: Self.bytes(column.value(0))) : Operand.column(column).texts()
        }
    }

    private static func bytes(_ value: Value) -> [UInt8] {
        if case .bytes(let bytes) = value { return bytes }
        return []
    }

    /// `nil` where the conversion doesn't take such a value.
    func text(_ row: Int, _ place: PrintFormat.Place) -> [UInt8]? {
        let isNull = validity.map { !$0[row] } ?? false
        switch place.conversion {
        case UInt8(ascii: "s"): return cut(isNull ? Array("null".utf8) : shown(row), place)
        case UInt8(ascii: "b"): return cut(Array((isNull ? false : isTrue(row)).description.utf8), place)
        default: break
        }
        if isNull { return Array("null".utf8) }
        switch (place.conversion, type.fieldType) {
        case (UInt8(ascii: "d"), .int64): return PrintNumber(Int128(operand.int64s()[row]), scale: 0).text(place)
        case (UInt8(ascii: "x"), .int64), (UInt8(ascii: "o"), .int64): return bits(operand.int64s()[row], place)
        case (UInt8(ascii: "c"), .int64):
            guard let code = UInt32(exactly: operand.int64s()[row]), let scalar = Unicode.Scalar(code) else {
                return nil
            }
            return Array(String(Character(scalar)).utf8)
        case (UInt8(ascii: "f"), .float64), (UInt8(ascii: "e"), .float64), (UInt8(ascii: "g"), .float64):
            let value = operand.float64s()[row]
            if let number = PrintNumber(value) { return number.text(place) }
            var plain = place
            plain.flags.remove(UInt8(ascii: "0"))
            let word = value.isNaN ? "NaN" : "Infinity"
            return value.isNaN
                ? Array(word.utf8) : PrintNumber.signed(Array(word.utf8), isNegative: value < 0, plain)
        case (UInt8(ascii: "f"), .decimal(let scale)), (UInt8(ascii: "e"), .decimal(let scale)),
            (UInt8(ascii: "g"), .decimal(let scale)):
            return PrintNumber(operand.decimals()[row], scale: Int(scale)).text(place)
        default: return nil
        }
    }

    private func shown(_ row: Int) -> [UInt8] {
        type == .boolean ? Array(isTrue(row).description.utf8) : texts.array(row)
    }

    private func isTrue(_ row: Int) -> Bool {
        guard type == .boolean else { return true }
        switch operand {
        case .constant(let value): return value == .bool(true)
        case .column(let column):
            guard case .bool(let bits) = column.storage else { return true }
            return bits[row]
        }
    }

    private func cut(_ text: [UInt8], _ place: PrintFormat.Place) -> [UInt8] {
        guard let precision = place.precision else { return text }
        return Array(text.prefix(UTF8Text.offset(text.span, precision)))
    }

    /// Hexadecimal or octal; a negative number in the bits that its type has.
    private func bits(_ value: Int64, _ place: PrintFormat.Place) -> [UInt8] {
        let width =
            switch type {
            case .tinyint: 8
            case .smallint: 16
            case .integer: 32
            default: 64
            }
        let mask = width == 64 ? UInt64.max : (1 << UInt64(width)) - 1
        let isHex = place.conversion == UInt8(ascii: "x")
        var body = Array(String(UInt64(bitPattern: value) & mask, radix: isHex ? 16 : 8).utf8)
        guard place.has("#") else { return PrintNumber.signed(body, isNegative: false, place) }
        let head = Array((isHex ? "0x" : "0").utf8)
        if place.has("0"), let width = place.width {
            body = Array(repeating: 48, count: max(width - head.count - body.count, 0)) + body
        }
        return head + body
    }
}
