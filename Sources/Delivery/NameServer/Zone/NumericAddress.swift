import Reactor

/// An address as records hold it.
public struct NumericAddress: Hashable, Sendable {
    /// Four bytes or sixteen.
    let bytes: [UInt8]

    var isIPv4: Bool { bytes.count == 4 }

    /// Nil for what is no address.
    public init?(_ text: String) {
        guard let address = SocketAddress(numeric: text, port: 0) else { return nil }
        let all = [address.high, address.low].flatMap { half in
            stride(from: 56, through: 0, by: -8).map { UInt8(truncatingIfNeeded: half >> UInt64($0)) }
        }
        bytes = address.isIPv4 ? Array(all[12...]) : all
    }
}
