/// RFC 6234, section 6.2.
struct SHA256State: DigestState {
    static let blockBytes = 64
    static let lengthBytes = 8
    static let isBigEndian = true

    private var words: InlineArray<8, UInt32>

    init(_ initial: InlineArray<8, UInt32>) { words = initial }

    mutating func process(_ bytes: Span<UInt8>, at offset: Int) {
        var schedule = InlineArray<64, UInt32>(repeating: 0)
        for index in 0..<16 { schedule[index] = bytes.bigEndian32(at: offset + 4 * index) }
        for index in 16..<64 {
            let (near, far) = (schedule[index - 2], schedule[index - 15])
            let first = far.rotatedRight(7) ^ far.rotatedRight(18) ^ far >> 3
            let second = near.rotatedRight(17) ^ near.rotatedRight(19) ^ near >> 10
            schedule[index] = schedule[index - 16] &+ first &+ schedule[index - 7] &+ second
        }
        var state = words
        let constants = Self.constants.span
        for index in 0..<64 {
            let (a, e) = (state[0], state[4])
            let turnedE = e.rotatedRight(6) ^ e.rotatedRight(11) ^ e.rotatedRight(25)
            let choice = e & state[5] ^ ~e & state[6]
            let first = state[7] &+ turnedE &+ choice &+ constants[index] &+ schedule[index]
            let turnedA = a.rotatedRight(2) ^ a.rotatedRight(13) ^ a.rotatedRight(22)
            let majority = a & state[1] ^ a & state[2] ^ state[1] & state[2]
            state = [
                first &+ turnedA &+ majority, a, state[1], state[2], state[3] &+ first, e, state[5], state[6],
            ]
        }
        for index in 0..<8 { words[index] &+= state[index] }
    }

    func append(_ count: Int, to buffer: inout [UInt8]) {
        for index in 0..<count {
            let shift = UInt32(24 - 8 * (index & 3))
            buffer.append(UInt8(truncatingIfNeeded: words[index >> 2] >> shift))
        }
    }

    /// The square roots of the first eight primes, behind the point.
    static let initial256: InlineArray<8, UInt32> = [
        0x6a09_e667, 0xbb67_ae85, 0x3c6e_f372, 0xa54f_f53a,
        0x510e_527f, 0x9b05_688c, 0x1f83_d9ab, 0x5be0_cd19,
    ]

    /// The second half of SHA-384's.
    static let initial224: InlineArray<8, UInt32> = [
        0xc105_9ed8, 0x367c_d507, 0x3070_dd17, 0xf70e_5939,
        0xffc0_0b31, 0x6858_1511, 0x64f9_8fa7, 0xbefa_4fa4,
    ]

    /// The cube roots of the first 64 primes, behind the point.
    private static let constants: [UInt32] = [
        0x428a_2f98, 0x7137_4491, 0xb5c0_fbcf, 0xe9b5_dba5, 0x3956_c25b, 0x59f1_11f1, 0x923f_82a4, 0xab1c_5ed5,
        0xd807_aa98, 0x1283_5b01, 0x2431_85be, 0x550c_7dc3, 0x72be_5d74, 0x80de_b1fe, 0x9bdc_06a7, 0xc19b_f174,
        0xe49b_69c1, 0xefbe_4786, 0x0fc1_9dc6, 0x240c_a1cc, 0x2de9_2c6f, 0x4a74_84aa, 0x5cb0_a9dc, 0x76f9_88da,
        0x983e_5152, 0xa831_c66d, 0xb003_27c8, 0xbf59_7fc7, 0xc6e0_0bf3, 0xd5a7_9147, 0x06ca_6351, 0x1429_2967,
        0x27b7_0a85, 0x2e1b_2138, 0x4d2c_6dfc, 0x5338_0d13, 0x650a_7354, 0x766a_0abb, 0x81c2_c92e, 0x9272_2c85,
        0xa2bf_e8a1, 0xa81a_664b, 0xc24b_8b70, 0xc76c_51a3, 0xd192_e819, 0xd699_0624, 0xf40e_3585, 0x106a_a070,
        0x19a4_c116, 0x1e37_6c08, 0x2748_774c, 0x34b0_bcb5, 0x391c_0cb3, 0x4ed8_aa4a, 0x5b9c_ca4f, 0x682e_6ff3,
        0x748f_82ee, 0x78a5_636f, 0x84c8_7814, 0x8cc7_0208, 0x90be_fffa, 0xa450_6ceb, 0xbef9_a3f7, 0xc671_78f2,
    ]
}
