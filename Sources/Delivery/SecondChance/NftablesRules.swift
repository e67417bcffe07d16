import Reactor

/// The second chance with nftables, for kernels that allow no BPF. It differs in this: what this host does not know goes
/// to all other hosts, and those that don't know it either drop it; so a connection that nobody knows gets no reset. A
/// host that drains is still given new connections until the router is told. A host's own flows cost an entry of
/// conntrack each.
struct NftablesRules {
    /// A table of each version of IP, for packets can be copied to others in such tables only.
    static let removal = ["ip", "ip6"].map { "table \($0) squilla_lb\ndelete table \($0) squilla_lb\n" }.joined()

    let settings: PlaceSettings
    let program: ProgramSettings

    /// What `nft -f -` reads: one transaction that replaces the tables.
    var text: String {
        let addresses = settings.service.addresses.map { SocketAddress(high: $0.high, low: $0.low, port: 0) }
        return Self.removal + table("ip", addresses.filter(\.isIPv4)) + table("ip6", addresses.filter { !$0.isIPv4 })
    }

    private func table(_ family: String, _ addresses: [SocketAddress]) -> String {
        guard !addresses.isEmpty else { return "" }
        let ports = settings.service.ports.map(String.init).joined(separator: ", ")
        var lines = [
            "type filter hook prerouting priority -150; policy accept;",
            "iifname != \"\(settings.interface)\" accept",
            "\(family) daddr != { \(addresses.map(\.host).joined(separator: ", ")) } accept",
            "meta l4proto != tcp accept",
            "tcp dport != { \(ports) } accept",
            "ct state established,related accept",
            "tcp flags & (fin | syn | rst | ack) == syn accept",
        ]
        let others = program.hosts.compactMap { host -> (mac: MACAddress, address: String)? in
            guard let address = settings.peers[host.number], address.isIPv4 == (family == "ip") else { return nil }
            return (host.mac, address.host)
        }
        if !others.isEmpty {
            let macs = others.map(\.mac.description).joined(separator: ", ")
            lines.append("ether saddr { \(macs) } counter drop")
            lines += others.map { "dup to \($0.address) device \"\(settings.interface)\"" }
            lines.append("counter drop")
        }
        return "table \(family) squilla_lb {\n  chain arriving {\n" + lines.map { "    \($0)\n" }.joined() + "  }\n}\n"
    }
}
