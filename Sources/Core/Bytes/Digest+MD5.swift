/// RFC 1321, section 3.4.
struct MD5State: DigestState {
    static let blockBytes = 64
    static let lengthBytes = 8
    static let isBigEndian = false

    private var words: InlineArray<4, UInt32> = [0x6745_2301, 0xefcd_ab89, 0x98ba_dcfe, 0x1032_5476]

    mutating func process(_ bytes: Span<UInt8>, at offset: Int) {
        var (a, b, c, d) = (words[0], words[1], words[2], words[3])
        let sines = Self.sines.span
        for index in 0..<64 {
            let mixed: UInt32
            let source: Int
            switch index >> 4 {
            case 0: (mixed, source) = (b & c | ~b & d, index)
            case 1: (mixed, source) = (d & b | ~d & c, 5 * index + 1)
            case 2: (mixed, source) = (b ^ c ^ d, 3 * index + 5)
            default: (mixed, source) = (c ^ (b | ~d), 7 * index)
            }
            let word = bytes.bigEndian32(at: offset + 4 * (source & 15)).byteSwapped
            let sum = a &+ mixed &+ sines[index] &+ word
            let turns = Self.turns(index)
            (a, d, c, b) = (d, c, b, b &+ sum.rotatedRight(32 &- turns))
        }
        words[0] &+= a
        words[1] &+= b
        words[2] &+= c
        words[3] &+= d
    }

    func append(_ count: Int, to buffer: inout [UInt8]) {
        for index in 0..<count {
            buffer.append(UInt8(truncatingIfNeeded: words[index >> 2] >> UInt32(8 * (index & 3))))
        }
    }

    private static func turns(_ index: Int) -> UInt32 {
        let byRound: InlineArray<16, UInt32> = [7, 12, 17, 22, 5, 9, 14, 20, 4, 11, 16, 23, 6, 10, 15, 21]
        return byRound[(index >> 4) << 2 | index & 3]
    }

    /// The sine of 1 to 64, times 2³².
    private static let sines: [UInt32] = [
        0xd76a_a478, 0xe8c7_b756, 0x2420_70db, 0xc1bd_ceee, 0xf57c_0faf, 0x4787_c62a, 0xa830_4613, 0xfd46_9501,
        0x6980_98d8, 0x8b44_f7af, 0xffff_5bb1, 0x895c_d7be, 0x6b90_1122, 0xfd98_7193, 0xa679_438e, 0x49b4_0821,
        0xf61e_2562, 0xc040_b340, 0x265e_5a51, 0xe9b6_c7aa, 0xd62f_105d, 0x0244_1453, 0xd8a1_e681, 0xe7d3_fbc8,
        0x21e1_cde6, 0xc337_07d6, 0xf4d5_0d87, 0x455a_14ed, 0xa9e3_e905, 0xfcef_a3f8, 0x676f_02d9, 0x8d2a_4c8a,
        0xfffa_3942, 0x8771_f681, 0x6d9d_6122, 0xfde5_380c, 0xa4be_ea44, 0x4bde_cfa9, 0xf6bb_4b60, 0xbebf_bc70,
        0x289b_7ec6, 0xeaa1_27fa, 0xd4ef_3085, 0x0488_1d05, 0xd9d4_d039, 0xe6db_99e5, 0x1fa2_7cf8, 0xc4ac_5665,
        0xf429_2244, 0x432a_ff97, 0xab94_23a7, 0xfc93_a039, 0x655b_59c3, 0x8f0c_cc92, 0xffef_f47d, 0x8584_5dd1,
        0x6fa8_7e4f, 0xfe2c_e6e0, 0xa301_4314, 0x4e08_11a1, 0xf753_7e82, 0xbd3a_f235, 0x2ad7_d2bb, 0xeb86_d391,
    ]
}
