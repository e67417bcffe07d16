import CMaxMindDB

/// Why a database can't be used.
public struct GeoDatabaseError: Error, Equatable {
    public var message: String
}

/// A database in MaxMind's format, mapped into memory. Immutable, so one may serve many threads.
public final class GeoDatabase: @unchecked Sendable {
    /// What may be asked about an address.
    public enum Fact: String, Sendable, CaseIterable {
        case continent, country, region, city, zip, lat, long, timezone, dma, asn, network
        case countryCode = "country_code"
        case regionCode = "region_code"

        /// Where it is in a record.
        var path: [String] {
            switch self {
            case .continent: ["continent", "code"]
            case .country: ["country", "names", "en"]
            case .countryCode: ["country", "iso_code"]
            case .region: ["subdivisions", "0", "names", "en"]
            case .regionCode: ["subdivisions", "0", "iso_code"]
            case .city: ["city", "names", "en"]
            case .zip: ["postal", "code"]
            case .lat: ["location", "latitude"]
            case .long: ["location", "longitude"]
            case .timezone: ["location", "time_zone"]
            case .dma: ["location", "metro_code"]
            case .asn: ["autonomous_system_number"]
            case .network: ["autonomous_system_organization"]
            }
        }
    }

    private let database: UnsafeMutablePointer<MMDB_s>

    /// Opens a file of extension `.mmdb`.
    public init(path: String) throws(GeoDatabaseError) {
        let opened = UnsafeMutablePointer<MMDB_s>.allocate(capacity: 1)
        opened.initialize(to: MMDB_s())
        let code = MMDB_open(path, UInt32(MMDB_MODE_MMAP), opened)
        guard code == MMDB_SUCCESS else {
            opened.deallocate()
            throw GeoDatabaseError(message: "\(path): \(String(cString: MMDB_strerror(code)))")
        }
        database = opened
    }

    deinit {
        MMDB_close(database)
        database.deallocate()
    }

    /// - Parameters:
    ///   - high: the first eight bytes of the address, IPv4 as `::ffff:a.b.c.d`, in host order.
    ///   - low: the last eight.
    /// - Returns: nil where the database does not know.
    public func find(_ fact: Fact, high: UInt64, low: UInt64) -> [UInt8]? {
        var address = [UInt8](repeating: 0, count: 16)
        for index in 0..<8 {
            address[index] = UInt8(truncatingIfNeeded: high >> UInt64(56 - 8 * index))
            address[8 + index] = UInt8(truncatingIfNeeded: low >> UInt64(56 - 8 * index))
        }
        var data = MMDB_entry_data_s()
        let isThere = GeoDatabase.withCStrings(fact.path) { squilla_geo_find(database, address, $0, &data) }
        return isThere == 1 ? GeoDatabase.text(data) : nil
    }

    private static func withCStrings<Result>(
        _ texts: [String], _ body: (UnsafePointer<UnsafePointer<CChar>?>) -> Result
    ) -> Result {
        var bytes: [CChar] = []
        var starts: [Int] = []
        for text in texts {
            starts.append(bytes.count)
            bytes.append(contentsOf: text.utf8CString)
        }
        return bytes.withUnsafeBufferPointer { buffer in
            // An array of texts that nil ends, as C has it.
            var pointers: [UnsafePointer<CChar>?] = []
            for start in starts { pointers.append(buffer.baseAddress.map { $0 + start }) }
            pointers.append(nil)
            return body(pointers)
        }
    }

    private static func text(_ data: MMDB_entry_data_s) -> [UInt8]? {
        var data = data
        switch Int32(data.type) {
        case MMDB_DATA_TYPE_UTF8_STRING:
            guard let start = squilla_geo_text(&data) else { return nil }
            return start.withMemoryRebound(to: UInt8.self, capacity: Int(data.data_size)) {
                Array(UnsafeBufferPointer(start: $0, count: Int(data.data_size)))
            }
        case MMDB_DATA_TYPE_DOUBLE, MMDB_DATA_TYPE_FLOAT: return Array("\(squilla_geo_double(&data))".utf8)
        case MMDB_DATA_TYPE_UINT16, MMDB_DATA_TYPE_UINT32, MMDB_DATA_TYPE_UINT64, MMDB_DATA_TYPE_INT32:
            return Array("\(squilla_geo_integer(&data))".utf8)
        default: return nil
        }
    }
}
