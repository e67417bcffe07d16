import CPlatform
import Glibc

/// A bound UDP socket that never blocks.
public struct DatagramSocket: Sendable {
    /// The largest payload of a datagram over IPv4.
    public static let maximumBytes = 65_507

    let fd: Int32
    /// The bound address with the real port.
    public let address: SocketAddress

    public init(_ address: SocketAddress) throws(SystemError) {
        var raw = address.raw
        fd = squilla_datagram_open(&raw)
        guard fd >= 0 else { throw SystemError(code: -fd, operation: "receive datagrams on \(address)") }
        var local = squilla_address()
        self.address = squilla_local_address(fd, &local) == 0 ? SocketAddress(local) : address
    }

    /// One datagram that has arrived, cut to the room in `buffer`.
    /// - Returns: how many bytes and from where; nil when none waits.
    public func receive(into buffer: inout [UInt8]) -> (count: Int, from: SocketAddress)? {
        var from = squilla_address()
        let capacity = buffer.count
        let count = buffer.withUnsafeMutableBytes { squilla_datagram_receive(fd, $0.baseAddress, capacity, &from) }
        return count >= 0 ? (count, SocketAddress(from)) : nil
    }

    /// Whether the system took the datagram. What it does not take is lost, as on any network.
    @discardableResult
    public func send(_ bytes: [UInt8], to address: SocketAddress) -> Bool {
        var raw = address.raw
        return bytes.withUnsafeBytes { squilla_datagram_send(fd, $0.baseAddress, $0.count, &raw) } == bytes.count
    }

    /// Waits at most `milliseconds` for a datagram. False also when a signal came.
    public func waitForDatagram(milliseconds: Int) -> Bool {
        squilla_wait_readable(fd, Int32(clamping: milliseconds)) == 1
    }

    public func close() { Glibc.close(fd) }
}
