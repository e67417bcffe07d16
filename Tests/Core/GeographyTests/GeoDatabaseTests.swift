import Foundation
import Geography
import Testing

/// A database of one network, written as MaxMind's format has it (MaxMind DB File Format Specification 2.0).
@Suite struct GeoDatabaseTests {
    private func text(_ value: String) -> [UInt8] { [0x40 | UInt8(value.utf8.count)] + Array(value.utf8) }
    private func map(_ pairs: [(String, [UInt8])]) -> [UInt8] {
        [0xE0 | UInt8(pairs.count)] + pairs.flatMap { text($0.0) + $0.1 }
    }
    private func number(_ value: UInt8, bytes: UInt8, type: UInt8) -> [UInt8] {
        [type << 5 | bytes] + [UInt8](repeating: 0, count: Int(bytes) - 1) + [value]
    }
    private func double(_ value: Double) -> [UInt8] {
        [0x68] + (0..<8).map { UInt8(truncatingIfNeeded: value.bitPattern >> UInt64(56 - 8 * $0)) }
    }

    /// 81.2.0.0/16 is in Berlin.
    private func file() throws -> String {
        let record = map([
            ("country", map([("iso_code", text("DE"))])), ("city", map([("names", map([("en", text("Berlin"))]))])),
            ("location", map([("latitude", double(52.5)), ("time_zone", text("Europe/Berlin"))])),
        ])
        let bits: [UInt8] = [81, 2].flatMap { byte in (0..<8).map { byte >> (7 - $0) & 1 } }
        let nodes = bits.count
        var tree: [UInt8] = []
        func append(_ value: Int) { tree += [UInt8(value >> 16), UInt8(value >> 8 & 255), UInt8(value & 255)] }
        for (index, bit) in bits.enumerated() {
            let next = index + 1 == nodes ? nodes + 16 : index + 1
            append(bit == 0 ? next : nodes)
            append(bit == 1 ? next : nodes)
        }
        let metadata = map([
            ("node_count", number(UInt8(nodes), bytes: 4, type: 6)), ("record_size", number(24, bytes: 2, type: 5)),
            ("ip_version", number(4, bytes: 2, type: 5)), ("database_type", text("Test")),
            ("languages", [0x01, 0x04] + text("en")), ("binary_format_major_version", number(2, bytes: 2, type: 5)),
            ("binary_format_minor_version", number(0, bytes: 2, type: 5)),
            ("build_epoch", [0x08, 0x02] + [UInt8](repeating: 0, count: 7) + [1]),
            ("description", map([("en", text("test"))])),
        ])
        let bytes =
            tree + [UInt8](repeating: 0, count: 16) + record + [0xAB, 0xCD, 0xEF] + Array("MaxMind.com".utf8)
            + metadata
        let path = NSTemporaryDirectory() + "geo-\(UUID().uuidString).mmdb"
        try Data(bytes).write(to: URL(fileURLWithPath: path))
        return path
    }

    @Test func factsOfAnAddress() throws {
        let path = try file()
        defer { try? FileManager.default.removeItem(atPath: path) }
        let database = try GeoDatabase(path: path)
        let berlin: UInt64 = 0xFFFF_5102_4567
        func find(_ fact: GeoDatabase.Fact, _ low: UInt64) -> String? {
            database.find(fact, high: 0, low: low).map { String(decoding: $0, as: UTF8.self) }
        }
        #expect(find(.countryCode, berlin) == "DE")
        #expect(find(.city, berlin) == "Berlin")
        #expect(find(.lat, berlin) == "52.5")
        #expect(find(.timezone, berlin) == "Europe/Berlin")
        #expect(find(.regionCode, berlin) == nil)
        #expect(find(.countryCode, 0xFFFF_0101_0101) == nil)
    }

    @Test func whatIsNoDatabaseIsRefused() {
        #expect(throws: GeoDatabaseError.self) { try GeoDatabase(path: "/nonexistent.mmdb") }
    }
}
