/// What the program knows of the place. Its form in memory is `struct settings` of second_chance.c.
struct ProgramSettings: Hashable, Sendable {
    static let maximumHosts = 24
    static let maximumAddresses = 16
    static let maximumPorts = 16
    static let byteCount = 24 + 2 * maximumPorts + 16 * maximumAddresses + 8 * 32

    /// Another host of the place.
    struct Host: Hashable, Sendable {
        var number: Int
        var mac: MACAddress
        var isDraining: Bool
    }

    /// This host's number in the place, 0 to 23.
    var number: Int
    /// Whether connections are opened elsewhere.
    var isDraining: Bool
    var service: ServiceAddresses
    /// In the order in which they are tried.
    var hosts: [Host]

    var bytes: [UInt8] {
        var out: [UInt8] = []
        out.reserveCapacity(Self.byteCount)
        let counts = [
            number, isDraining ? 1 : 0, hosts.count, service.addresses.count, service.ports.count, 0,
        ]
        for count in counts { out.append(host: UInt32(count)) }
        for index in 0..<Self.maximumPorts {
            out.append(network: index < service.ports.count ? service.ports[index] : 0)
        }
        for index in 0..<Self.maximumAddresses {
            let address = index < service.addresses.count ? service.addresses[index] : nil
            out.append(network: address?.high ?? 0)
            out.append(network: address?.low ?? 0)
        }
        for index in 0..<32 {
            guard index < hosts.count else {
                out.append(contentsOf: repeatElement(0, count: 8))
                continue
            }
            out.append(contentsOf: hosts[index].mac.bytes)
            out.append(UInt8(hosts[index].number))
            out.append(hosts[index].isDraining ? 1 : 0)
        }
        return out
    }
}

/// What is balanced: the addresses that all hosts of the place answer, and the ports.
public struct ServiceAddresses: Hashable, Sendable {
    /// IPv4 as `::ffff:a.b.c.d`, in host order.
    public struct Address: Hashable, Sendable {
        public var high: UInt64
        public var low: UInt64

        public init(high: UInt64, low: UInt64) {
            self.high = high
            self.low = low
        }
    }

    public var addresses: [Address]
    public var ports: [UInt16]

    /// - Throws: `SecondChanceError` when there are none, or more than the program has room for (16 of each).
    public init(addresses: [Address], ports: [UInt16]) throws(SecondChanceError) {
        guard (1...ProgramSettings.maximumAddresses).contains(addresses.count) else {
            throw SecondChanceError("lb.addresses: name from 1 to \(ProgramSettings.maximumAddresses) addresses")
        }
        guard (1...ProgramSettings.maximumPorts).contains(ports.count) else {
            throw SecondChanceError("lb.ports: name from 1 to \(ProgramSettings.maximumPorts) ports")
        }
        self.addresses = addresses
        self.ports = ports
    }
}

struct MACAddress: Hashable, Sendable, CustomStringConvertible {
    /// Six.
    let bytes: [UInt8]

    init?(_ bytes: [UInt8]) {
        guard bytes.count == 6 else { return nil }
        self.bytes = bytes
    }

    var description: String {
        bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined(separator: ":")
    }
}

/// What went wrong, where, and what to do.
public struct SecondChanceError: Error, Hashable, Sendable, CustomStringConvertible {
    public let description: String

    init(_ description: String) { self.description = description }
}

extension [UInt8] {
    mutating func append<Number: FixedWidthInteger>(network number: Number) {
        for shift in stride(from: Number.bitWidth - 8, through: 0, by: -8) {
            append(UInt8(truncatingIfNeeded: number >> Number(shift)))
        }
    }

    /// In the machine's own order.
    mutating func append<Number: FixedWidthInteger>(host number: Number) {
        Swift.withUnsafeBytes(of: number) { append(contentsOf: $0) }
    }
}

extension Collection<UInt8> {
    /// The number that all of these bytes are, the first the highest.
    func networkNumber<Number: FixedWidthInteger>(as type: Number.Type = Number.self) -> Number {
        reduce(0) { $0 << 8 | Number(truncatingIfNeeded: $1) }
    }
}
