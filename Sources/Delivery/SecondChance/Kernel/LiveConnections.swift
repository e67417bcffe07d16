import CPlatform
import Glibc

/// Counts the TCP connections to a service that this host holds (sock_diag(7)).
enum LiveConnections {
    /// All states in which a peer may still send or be sent something: not closed, not waiting its time, not listening.
    private static let states: UInt32 = 1 << 1 | 1 << 3 | 1 << 4 | 1 << 5 | 1 << 8 | 1 << 9 | 1 << 11

    static func count(of service: ServiceAddresses) throws(SecondChanceError) -> Int {
        var count = 0
        for family in [AF_INET, AF_INET6] {
            let socket = try NetlinkSocket(family: NETLINK_SOCK_DIAG)
            var request: [UInt8] = [UInt8(family), UInt8(IPPROTO_TCP), 0, 0]
            request.append(host: states)
            request.append(contentsOf: repeatElement(0, count: 48))
            let code = socket.exchange(NetlinkMessage(type: 20, flags: UInt16(NLM_F_DUMP), fixedPart: request)) {
                if isOf(service, $0.payload) { count += 1 }
            }
            // A kernel without the module for one of the families has no such sockets.
            guard code == 0 || code == -ENOENT else { throw LoadedProgram.failure("count connections", code) }
        }
        return count
    }

    /// `inet_diag_msg`: family, state, timer, retransmissions, then ports and addresses in network order.
    private static func isOf(_ service: ServiceAddresses, _ payload: ArraySlice<UInt8>) -> Bool {
        guard payload.count >= 40 else { return false }
        let start = payload.startIndex
        let port: UInt16 = payload[start + 4..<start + 6].networkNumber()
        guard service.ports.contains(port) else { return false }
        let address: ServiceAddresses.Address
        if payload[start] == UInt8(AF_INET) {
            let bits: UInt64 = payload[start + 8..<start + 12].networkNumber()
            address = ServiceAddresses.Address(high: 0, low: 0xFFFF_0000_0000 | bits)
        } else {
            address = ServiceAddresses.Address(
                high: payload[start + 8..<start + 16].networkNumber(),
                low: payload[start + 16..<start + 24].networkNumber())
        }
        return service.addresses.contains(address)
    }
}
