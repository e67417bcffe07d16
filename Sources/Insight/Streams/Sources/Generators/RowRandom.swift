/// Random numbers by row: what a row draws doesn't depend on what was drawn before, nor on which rows are made.
/// SplitMix64 (Steele, Lea, Flood 2014) with the row as the counter.
struct RowRandom: Sendable {
    private let key: UInt64

    /// - Parameter field: keeps apart what one row draws for different purposes.
    init(seed: UInt64, field: Int) {
        key = Self.mix(seed &+ UInt64(truncatingIfNeeded: field) &* 0xd134_2543_de82_ef95)
    }

    @inline(__always)
    func bits(_ row: Int) -> UInt64 {
        Self.mix(key &+ UInt64(truncatingIfNeeded: row) &* 0x9e37_79b9_7f4a_7c15)
    }

    /// Evenly from 0 to below `bound`.
    @inline(__always)
    func below(_ bound: Int, _ row: Int) -> Int {
        Int(truncatingIfNeeded: bits(row).multipliedFullWidth(by: UInt64(max(bound, 1))).high)
    }

    /// Evenly in 0 ..< 1.
    @inline(__always)
    func unit(_ row: Int) -> Double { Double(bits(row) >> 11) * 0x1p-53 }

    /// Adds lower-case letters, each a function of the row.
    @inline(__always)
    func appendLetters(_ count: Int, _ row: Int, to bytes: inout [UInt8]) {
        var state = bits(row)
        var drawn = state
        for index in 0..<count {
            if index % 12 == 11 {
                state &+= 0x9e37_79b9_7f4a_7c15
                drawn = Self.mix(state)
            }
            bytes.append(0x61 + UInt8(truncatingIfNeeded: ((drawn & 31) &* 26) >> 5))
            drawn >>= 5
        }
    }

    @inline(__always)
    private static func mix(_ value: UInt64) -> UInt64 {
        var value = value
        value = (value ^ (value >> 30)) &* 0xbf58_476d_1ce4_e5b9
        value = (value ^ (value >> 27)) &* 0x94d0_49bb_1331_11eb
        return value ^ (value >> 31)
    }
}
