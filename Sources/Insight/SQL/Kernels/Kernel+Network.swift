import Columns

extension Kernel {
    /// `INET_ATON` and `INET_NTOA`: IPv4 addresses as numbers; null for what is none.
    func addresses(_ arguments: [Argument], _ count: Int) throws(SQLError) -> Column {
        if function == .addressText {
            let numbers = arguments[0].operand.int64s()
            return try made(arguments, count) { row, output in
                guard let number = UInt32(exactly: numbers[row]) else { return false }
                IPAddress(high: 0, low: 0xffff << 32 | UInt64(number)).append(to: &output)
                return true
            }
        }
        let texts = arguments[0].operand.texts()
        return .int64s(
            Loop.mapValid(count, validity(arguments, count), filler: 0) { row in
                let text = texts.text(row)
                return IPAddress(text: text.extracting(Cast.trimmed(text)))?.ipv4.map { Int64($0) }
            })
    }

    func inNetwork(_ arguments: [Argument], _ count: Int) -> Column {
        guard case .network(let network) = prepared else { return .nulls(.bool, count: count) }
        let addresses = arguments[0].operand.addresses()
        return .bools(Bitmap(count: count) { network.contains(addresses[$0]) }, validity(arguments, count))
    }
}

/// `10.0.0.0/8`, `2001:db8::/32`, or one address. Bits past the prefix are ignored.
struct IPNetwork: Sendable {
    private let network: IPAddress
    private let mask: IPAddress

    /// - Throws: text that is no network.
    init(_ text: [UInt8]) throws(SQLError) {
        let slash = text.firstIndex(of: UInt8(ascii: "/")) ?? text.count
        let shown = String(decoding: text.prefix(60), as: UTF8.self)
        let wrong = SQLError(
            code: .invalidLiteral, message: "'\(shown)' is no network",
            suggestion: "write it as '10.0.0.0/8' or '2001:db8::/32'")
        guard let address = IPAddress(text: text.span.extracting(0..<slash)) else { throw wrong }
        let width = address.isIPv4 && !text[..<slash].contains(UInt8(ascii: ":")) ? 32 : 128
        var length = width
        if slash < text.count {
            let digits = String(decoding: text[(slash + 1)...], as: UTF8.self)
            guard let given = Int(digits), (0...width).contains(given), digits.first != "+" else { throw wrong }
            length = given
        }
        let bits = length + 128 - width
        self.mask = IPAddress(
            high: bits >= 64 ? .max : ~(UInt64.max >> UInt64(bits)),
            low: bits <= 64 ? 0 : bits == 128 ? .max : ~(UInt64.max >> UInt64(bits - 64)))
        self.network = IPAddress(high: address.high & mask.high, low: address.low & mask.low)
    }

    @inline(__always)
    func contains(_ address: IPAddress) -> Bool {
        address.high & mask.high == network.high && address.low & mask.low == network.low
    }
}
