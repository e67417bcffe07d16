/// A number as decimal digits: `0.d₁d₂… × 10^point`. What has to be rounded is rounded half up, as Java does.
struct PrintNumber {
    private var isNegative: Bool
    private var digits: [UInt8]
    private var point: Int

    init(_ value: Int128, scale: Int) {
        isNegative = value < 0
        digits = Array(String(value.magnitude).utf8).map { $0 - 48 }
        point = digits.count - scale
        trim()
    }

    /// `nil` for what is no number, or infinite.
    init?(_ value: Double) {
        guard value.isFinite else { return nil }
        isNegative = value.sign == .minus
        digits = []
        point = 0
        var exponent = 0
        var pointPlace: Int?
        let text = Array(value.magnitude.description.utf8)
        for (place, byte) in text.enumerated() {
            if byte == UInt8(ascii: ".") {
                pointPlace = digits.count
            } else if byte == UInt8(ascii: "e") {
                exponent = Int(String(decoding: text[(place + 1)...], as: UTF8.self)) ?? 0
                break
            } else {
                digits.append(byte - 48)
            }
        }
        point = (pointPlace ?? digits.count) + exponent
        trim()
    }

    private mutating func trim() {
        let zeros = digits.prefix { $0 == 0 }.count
        digits.removeFirst(zeros)
        point -= zeros
        while digits.last == 0 { digits.removeLast() }
        if digits.isEmpty { point = 1 }
    }

    /// Of the first digit; 0 for zero.
    private var exponent: Int { digits.isEmpty ? 0 : point - 1 }

    /// With so many digits in front; they may become one more.
    private func rounded(keeping count: Int) -> PrintNumber {
        guard count < digits.count else { return self }
        var result = self
        guard count >= 0 else {
            result.digits = []
            result.point = 1
            return result
        }
        let up = digits[count] >= 5
        result.digits = Array(digits.prefix(count))
        guard up else {
            result.trim()
            return result
        }
        var place = count - 1
        while place >= 0, result.digits[place] == 9 {
            result.digits[place] = 0
            place -= 1
        }
        if place >= 0 {
            result.digits[place] += 1
        } else {
            result.digits.insert(1, at: 0)
            result.point += 1
        }
        result.trim()
        return result
    }

    private func digit(_ place: Int) -> UInt8 { place >= 0 && place < digits.count ? digits[place] + 48 : 48 }

    private func fixed(_ precision: Int, _ place: PrintFormat.Place) -> [UInt8] {
        let value = rounded(keeping: point + precision)
        var text: [UInt8] = []
        let whole = max(value.point, 1)
        for index in 0..<whole {
            if place.has(","), index > 0, (whole - index) % 3 == 0 { text.append(UInt8(ascii: ",")) }
            text.append(value.point < 1 ? 48 : value.digit(index))
        }
        if precision > 0 || place.has("#") { text.append(UInt8(ascii: ".")) }
        for index in 0..<precision { text.append(value.digit(value.point + index)) }
        return text
    }

    private func scientific(_ precision: Int, _ place: PrintFormat.Place) -> [UInt8] {
        let value = rounded(keeping: precision + 1)
        var text = [value.digit(0)]
        if precision > 0 || place.has("#") { text.append(UInt8(ascii: ".")) }
        for index in 0..<precision { text.append(value.digit(1 + index)) }
        let magnitude = String(value.exponent.magnitude)
        text += Array((value.exponent < 0 ? "e-" : "e+").utf8)
        return text + Array((magnitude.utf8.count < 2 ? "0" + magnitude : magnitude).utf8)
    }

    private func general(_ precision: Int, _ place: PrintFormat.Place) -> [UInt8] {
        let count = max(precision, 1)
        let value = rounded(keeping: count)
        if digits.isEmpty || value.exponent >= -4 && value.exponent < count {
            return value.fixed(max(count - 1 - value.exponent, 0), place)
        }
        return value.scientific(count - 1, place)
    }

    /// - Returns: with its sign, and as wide as it should be where zeros fill it.
    func text(_ place: PrintFormat.Place) -> [UInt8] {
        let precision = place.precision ?? 6
        let body =
            switch place.conversion {
            case UInt8(ascii: "d"): fixed(0, place)
            case UInt8(ascii: "e"): scientific(precision, place)
            case UInt8(ascii: "g"): general(precision, place)
            default: fixed(precision, place)
            }
        return Self.signed(body, isNegative: isNegative, place)
    }

    /// Puts a sign and leading zeros to digits.
    static func signed(_ body: [UInt8], isNegative: Bool, _ place: PrintFormat.Place) -> [UInt8] {
        var head: [UInt8] = []
        var tail: [UInt8] = []
        if isNegative {
            head = [UInt8(ascii: place.has("(") ? "(" : "-")]
            if place.has("(") { tail = [UInt8(ascii: ")")] }
        } else if place.has("+") {
            head = [UInt8(ascii: "+")]
        } else if place.has(" ") {
            head = [UInt8(ascii: " ")]
        }
        let missing = place.has("0") ? (place.width ?? 0) - head.count - body.count - tail.count : 0
        return head + Array(repeating: 48, count: max(missing, 0)) + body + tail
    }
}
