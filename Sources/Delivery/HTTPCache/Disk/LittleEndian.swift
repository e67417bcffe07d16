/// Numbers as they lie on disk: the lowest byte first.
extension [UInt8] {
    mutating func append<Number: FixedWidthInteger>(little number: Number) {
        for shift in 0..<(Number.bitWidth / 8) { append(UInt8(truncatingIfNeeded: number >> Number(8 * shift))) }
    }

    mutating func put<Number: FixedWidthInteger>(_ number: Number, at position: Int) {
        for shift in 0..<(Number.bitWidth / 8) {
            self[position + shift] = UInt8(truncatingIfNeeded: number >> Number(8 * shift))
        }
    }

    /// - Precondition: the number lies inside.
    func number<Number: FixedWidthInteger>(_ type: Number.Type, at position: Int) -> Number {
        var number: Number = 0
        for shift in 0..<(Number.bitWidth / 8) {
            number |= Number(truncatingIfNeeded: self[position + shift]) << Number(8 * shift)
        }
        return number
    }
}
