import Bytes
import Columns

extension Kernel {
    /// Digests of texts in lower-case hexadecimal.
    func digest(_ arguments: [Argument], _ count: Int) throws(SQLError) -> Column {
        let texts = arguments[0].operand.texts()
        if function == .sha2 {
            let bits = arguments[1].operand.int64s()
            return try made(arguments, count) { row, output in
                guard let digest = Self.sha2(bits[row]) else { return false }
                digest.appendHexadecimal(of: texts.text(row), to: &output)
                return true
            }
        }
        let digest = Self.digest(function)
        return try made(arguments, count) { row, output in
            digest.appendHexadecimal(of: texts.text(row), to: &output)
            return true
        }
    }

    private static func digest(_ function: ScalarFunction) -> Digest {
        switch function {
        case .md5: .md5
        case .sha1: .sha1
        case .sha224: .sha224
        case .sha384: .sha384
        case .sha512: .sha512
        default: .sha256
        }
    }

    private static func sha2(_ bits: Int64) -> Digest? {
        switch bits {
        case 224: .sha224
        case 256: .sha256
        case 384: .sha384
        case 512: .sha512
        default: nil
        }
    }

    /// `HEX`, `UNHEX` and `BIN`.
    func digits(_ arguments: [Argument], _ count: Int) throws(SQLError) -> Column {
        let argument = arguments[0]
        if function == .fromHexadecimal {
            let texts = argument.operand.texts()
            return try made(arguments, count) { row, output in Self.unhex(texts.text(row), to: &output) }
        }
        if argument.type.fieldType == .int64 {
            let values = argument.operand.int64s()
            let shift = function == .binaryDigits ? 1 : 4
            return try made(arguments, count) { row, output in
                Self.append(UInt64(bitPattern: values[row]), bitsADigit: shift, to: &output)
                return true
            }
        }
        let texts = argument.operand.texts()
        return try made(arguments, count) { row, output in
            let text = texts.text(row)
            for index in 0..<text.count {
                output.append(Self.digit(text[index] >> 4))
                output.append(Self.digit(text[index] & 15))
            }
            return true
        }
    }

    /// Without zeros in front.
    private static func append(_ value: UInt64, bitsADigit: Int, to output: inout [UInt8]) {
        let used = max(1, UInt64.bitWidth - value.leadingZeroBitCount)
        let count = (used + bitsADigit - 1) / bitsADigit
        for place in (0..<count).reversed() {
            output.append(digit(UInt8(value >> UInt64(place * bitsADigit) & (1 << UInt64(bitsADigit) - 1))))
        }
    }

    private static func digit(_ nibble: UInt8) -> UInt8 { nibble < 10 ? nibble + 48 : nibble + 55 }

    /// False for what is no hexadecimal. A digit without a pair stands for itself, in front.
    private static func unhex(_ text: Span<UInt8>, to output: inout [UInt8]) -> Bool {
        var high: UInt8 = 0
        var isWhole = text.count & 1 == 0
        for index in 0..<text.count {
            guard let value = URLCoding.digit(text[index]) else { return false }
            if isWhole {
                high = value
            } else {
                output.append(high << 4 | value)
            }
            isWhole.toggle()
        }
        return true
    }

    /// `IS_ALPHA`, `IS_DIGIT`, `IS_DECIMAL`: of all characters, of which there is one at least.
    func characterTest(_ arguments: [Argument], _ count: Int) -> Column {
        let texts = arguments[0].operand.texts()
        let function = function
        let bits = Bitmap(count: count) { row in
            let text = texts.text(row)
            if function == .isDecimal { return Self.isDecimal(text) }
            return Self.all(text) { scalar in
                function == .isAlpha
                    ? scalar.properties.isAlphabetic : scalar.properties.generalCategory == .decimalNumber
            }
        }
        return .bools(bits, arguments[0].operand.validity(count))
    }

    private static func isDecimal(_ text: Span<UInt8>) -> Bool {
        var hasDigit = false
        var hasPoint = false
        for index in 0..<text.count {
            switch text[index] {
            case 48...57: hasDigit = true
            case UInt8(ascii: ".") where !hasPoint: hasPoint = true
            case UInt8(ascii: "-") where index == 0, UInt8(ascii: "+") where index == 0: continue
            default: return false
            }
        }
        return hasDigit
    }

    private static func all(_ text: Span<UInt8>, _ test: (Unicode.Scalar) -> Bool) -> Bool {
        var index = 0
        while index < text.count {
            let next = UTF8Text.next(text, index)
            var value = UInt32(text[index])
            if value >= 0x80 {
                value &= 0x7f >> UInt32(next - index)
                for place in (index + 1)..<next { value = value << 6 | UInt32(text[place] & 0x3f) }
            }
            guard let scalar = Unicode.Scalar(value), test(scalar) else { return false }
            index = next
        }
        return text.count > 0
    }
}
