import Bytes

/// The Huffman code of RFC 7541, appendix B. It is canonical: codes of one length follow each other in the order of
/// their symbols, and those of the next length follow on them; so the lengths alone say it all.
struct HPACKHuffman: Sendable {
    static let shared = HPACKHuffman()

    /// For 8 bits: a symbol in the high byte and its code's length in the low one; 0 where the code is longer.
    private let short: [UInt16]
    /// Symbols in the order of their codes.
    private let symbols: [UInt16]
    /// By length: the first code beyond those of that length, with its bits at the left of 32.
    private let limits: [UInt32]
    /// By length: what to add to a code for its place in `symbols`.
    private let offsets: [Int]

    private static let endOfString: UInt16 = 256
    private static let longest = 30

    init() {
        let lengths = HPACKHuffman.lengths
        let order = (0..<lengths.count).sorted { (lengths[$0], $0) < (lengths[$1], $1) }
        var short = [UInt16](repeating: 0, count: 256)
        var limits = [UInt32](repeating: 0, count: HPACKHuffman.longest + 1)
        var offsets = [Int](repeating: 0, count: HPACKHuffman.longest + 1)
        var code: UInt32 = 0
        var length = Int(lengths[order[0]])
        for (place, symbol) in order.enumerated() {
            while length < Int(lengths[symbol]) {
                code <<= 1
                length += 1
            }
            if length <= 8 {
                let first = Int(code) << (8 - length)
                for bits in first..<first + 1 << (8 - length) { short[bits] = UInt16(symbol << 8 | length) }
            }
            if limits[length] == 0 { offsets[length] = place - Int(code) }
            code += 1
            // The last code of all ends the code space.
            limits[length] = code << (32 - UInt32(length)) == 0 ? .max : code << (32 - UInt32(length))
        }
        self.short = short
        self.limits = limits
        self.offsets = offsets
        symbols = order.map { UInt16($0) }
    }

    /// Most octets that so many octets of code can stand for: no code is shorter than 5 bits.
    static func decodedBound(_ count: Int) -> Int { count * 8 / 5 + 1 }

    /// Appends what `code` stands for.
    /// - Precondition: there is room for `decodedBound` of its octets.
    /// - Returns: false for what is no code: the end of the string within it, padding that is longer than 7 bits or not
    ///   its first bits (5.2).
    func decode(_ code: Span<UInt8>, into output: inout OutputSpan<UInt8>) -> Bool {
        let short = short.span
        var next = 0
        /// Bits that are not used up, at the left; zeros behind them.
        var bits: UInt64 = 0
        var count = 0
        while true {
            while count <= 56, next < code.count {
                bits |= UInt64(code[next]) &<< UInt64(56 &- count)
                count &+= 8
                next &+= 1
            }
            let entry = short[Int(truncatingIfNeeded: bits &>> 56)]
            if entry != 0 {
                let length = Int(entry & 0xff)
                guard length <= count else { break }
                output.append(UInt8(truncatingIfNeeded: entry &>> 8))
                bits &<<= UInt64(length)
                count &-= length
                continue
            }
            guard let (symbol, length) = longSymbol(UInt32(truncatingIfNeeded: bits &>> 32)), length <= count else {
                break
            }
            guard symbol != HPACKHuffman.endOfString else { return false }
            output.append(UInt8(truncatingIfNeeded: symbol))
            bits &<<= UInt64(length)
            count &-= length
        }
        return count < 8 && bits == ~(UInt64.max >> UInt64(count))
    }

    private func longSymbol(_ bits: UInt32) -> (symbol: UInt16, length: Int)? {
        for length in 9...HPACKHuffman.longest where bits < limits[length] {
            return (symbols[Int(bits >> UInt32(32 - length)) + offsets[length]], length)
        }
        return (HPACKHuffman.endOfString, HPACKHuffman.longest)
    }

    /// Length of each symbol's code in bits; the last is that of the end of the string.
    private static let lengths: [UInt8] = [
        13, 23, 28, 28, 28, 28, 28, 28, 28, 24, 30, 28, 28, 30, 28, 28, 28, 28, 28, 28, 28, 28, 30, 28,
        28, 28, 28, 28, 28, 28, 28, 28, 6, 10, 10, 12, 13, 6, 8, 11, 10, 10, 8, 11, 8, 6, 6, 6,
        5, 5, 5, 6, 6, 6, 6, 6, 6, 6, 7, 8, 15, 6, 12, 10, 13, 6, 7, 7, 7, 7, 7, 7,
        7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 8, 7, 8, 13, 19, 13, 14, 6,
        15, 5, 6, 5, 6, 5, 6, 6, 6, 5, 7, 7, 6, 6, 6, 5, 6, 7, 6, 5, 5, 6, 7, 7,
        7, 7, 7, 15, 11, 14, 13, 28, 20, 22, 20, 20, 22, 22, 22, 23, 22, 23, 23, 23, 23, 23, 24, 23,
        24, 24, 22, 23, 24, 23, 23, 23, 23, 21, 22, 23, 22, 23, 23, 24, 22, 21, 20, 22, 22, 23, 23, 21,
        23, 22, 22, 24, 21, 22, 23, 23, 21, 21, 22, 21, 23, 22, 23, 23, 20, 22, 22, 22, 23, 22, 22, 23,
        26, 26, 20, 19, 22, 23, 22, 25, 26, 26, 26, 27, 27, 26, 24, 25, 19, 21, 26, 27, 27, 26, 27, 24,
        21, 21, 26, 26, 28, 27, 27, 27, 20, 24, 20, 21, 22, 21, 21, 23, 22, 22, 25, 25, 24, 24, 26, 23,
        26, 27, 26, 26, 27, 27, 27, 27, 27, 28, 27, 27, 27, 27, 27, 26, 30,
    ]
}
