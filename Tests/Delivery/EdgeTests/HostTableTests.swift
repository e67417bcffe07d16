import HTTPWire
import Testing
import Upstream

@testable import Edge

@Suite struct HostTableTests {
    private func route(_ host: String, _ table: HostTable) -> Int? { table.route(host: Array(host.utf8).span) }

    @Test func hostsInAnySpelling() {
        let endpoint = OriginSettings(name: "a", host: "127.0.0.1", port: 9)
        let table = HostTable([
            EdgeOrigin(name: "shop", endpoints: [endpoint], hosts: ["Shop.example"]),
            EdgeOrigin(name: "rest", endpoints: [endpoint]),
        ])
        for host in ["shop.example", "SHOP.EXAMPLE", "shop.example."] { #expect(route(host, table) == 0) }
        for host in ["example", "shop.example..", ".", "", "xshop.example"] { #expect(route(host, table) == 1) }
    }
}
