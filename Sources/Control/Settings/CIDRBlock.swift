import Glibc

/// An address block in CIDR notation; a bare address is a block of one.
public struct CIDRBlock: Hashable, Sendable {
    /// 4 or 16 bytes, network order.
    public let address: [UInt8]
    /// Bits that must agree.
    public let prefixLength: Int

    /// Nil when `text` is neither an address nor `ADDRESS/BITS`.
    public init?(_ text: String) {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count <= 2, let host = parts.first.map(String.init) else { return nil }
        let isIPv6 = host.contains(":")
        var bytes = [UInt8](repeating: 0, count: isIPv6 ? 16 : 4)
        guard inet_pton(isIPv6 ? AF_INET6 : AF_INET, host, &bytes) == 1 else { return nil }
        let width = bytes.count * 8
        if parts.count == 2 {
            guard let length = Int(parts[1]), (0...width).contains(length) else { return nil }
            prefixLength = length
        } else {
            prefixLength = width
        }
        address = bytes
    }
}
