/// RFC 3174, section 6.1.
struct SHA1State: DigestState {
    static let blockBytes = 64
    static let lengthBytes = 8
    static let isBigEndian = true

    private var words: InlineArray<5, UInt32> = [
        0x6745_2301, 0xefcd_ab89, 0x98ba_dcfe, 0x1032_5476, 0xc3d2_e1f0,
    ]

    mutating func process(_ bytes: Span<UInt8>, at offset: Int) {
        var schedule = InlineArray<80, UInt32>(repeating: 0)
        for index in 0..<16 { schedule[index] = bytes.bigEndian32(at: offset + 4 * index) }
        for index in 16..<80 {
            let mixed = schedule[index - 3] ^ schedule[index - 8] ^ schedule[index - 14] ^ schedule[index - 16]
            schedule[index] = mixed.rotatedRight(31)
        }
        var (a, b, c, d, e) = (words[0], words[1], words[2], words[3], words[4])
        for index in 0..<80 {
            let (mixed, constant): (UInt32, UInt32) =
                switch index / 20 {
                case 0: (b & c | ~b & d, 0x5a82_7999)
                case 1: (b ^ c ^ d, 0x6ed9_eba1)
                case 2: (b & c | b & d | c & d, 0x8f1b_bcdc)
                default: (b ^ c ^ d, 0xca62_c1d6)
                }
            let sum = a.rotatedRight(27) &+ mixed &+ e &+ constant &+ schedule[index]
            (e, d, c, b, a) = (d, c, b.rotatedRight(2), a, sum)
        }
        words[0] &+= a
        words[1] &+= b
        words[2] &+= c
        words[3] &+= d
        words[4] &+= e
    }

    func append(_ count: Int, to buffer: inout [UInt8]) {
        for index in 0..<count {
            buffer.append(UInt8(truncatingIfNeeded: words[index >> 2] >> UInt32(24 - 8 * (index & 3))))
        }
    }
}
