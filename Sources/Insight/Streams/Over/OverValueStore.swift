import Bytes
import Columns

/// The values of one expression over the rows of an `OverHistory`, place by place. Grows at its end alone.
struct OverValueStore {
    private let type: FieldType
    private var isValid: [Bool] = []
    // The one of these that the type lies in.
    private var whole: [Int64] = []
    private var numbers: [Double] = []
    private var addresses: [IPAddress] = []
    private var decimals: [Int128] = []
    private var texts = ByteStrings()

    init(type: FieldType) { self.type = type }

    var byteCount: Int {
        isValid.capacity + whole.capacity * 8 + numbers.capacity * 8 + addresses.capacity * 16
            + decimals.capacity * 16 + texts.bytes.capacity + texts.offsets.capacity * 4
    }

    func isNull(_ place: Int) -> Bool { !isValid[place] }

    /// The value of a column of integers; 0 of any other.
    func integer(_ place: Int) -> Int64 { place < whole.count ? whole[place] : 0 }

    mutating func append(_ column: Column) {
        for row in 0..<column.count { isValid.append(!column.isNull(row)) }
        switch column.storage {
        case .int64(let added): whole.append(contentsOf: added)
        case .bool(let added): for row in 0..<added.count { whole.append(added[row] ? 1 : 0) }
        case .float64(let added): numbers.append(contentsOf: added)
        case .ip(let added): addresses.append(contentsOf: added)
        case .decimal(let added): decimals.append(contentsOf: added)
        case .byteStrings(let added): texts.append(contentsOf: added)
        case .dictionary(let codes, let added): for code in codes { texts.append(added, row: Int(code)) }
        }
    }

    /// The values at these places; null for a place below 0.
    func column(_ places: [Int]) -> Column {
        var validity = Bitmap(repeating: true, count: places.count)
        for (index, place) in places.enumerated() where place < 0 || !isValid[place] { validity[index] = false }
        let storage: Column.Storage
        switch type {
        case .bool:
            var bits = Bitmap(repeating: false, count: places.count)
            for (index, place) in places.enumerated() where place >= 0 && whole[place] != 0 { bits[index] = true }
            storage = .bool(bits)
        case .int64, .timestamp: storage = .int64(Self.picked(whole, places, none: 0))
        case .float64: storage = .float64(Self.picked(numbers, places, none: 0))
        case .ip: storage = .ip(Self.picked(addresses, places, none: IPAddress(high: 0, low: 0)))
        case .decimal: storage = .decimal(Self.picked(decimals, places, none: 0))
        case .string, .bytes, .json:
            var found = ByteStrings()
            found.offsets.reserveCapacity(places.count + 1)
            for place in places {
                if place < 0 { found.append([UInt8]()) } else { found.append(texts, row: place) }
            }
            storage = .byteStrings(found)
        }
        return Column(type: type, count: places.count, validity: validity, storage: storage).trimmed()
    }

    private static func picked<Value>(_ values: [Value], _ places: [Int], none: Value) -> [Value] {
        [Value](capacity: places.count) { out in
            for place in places { out.append(place < 0 ? none : values[place]) }
        }
    }

    /// Whether the value at `left` is less than that at `right`; not-a-number is the greatest.
    func isLess(_ left: Int, _ right: Int) -> Bool {
        switch type {
        case .bool, .int64, .timestamp: return whole[left] < whole[right]
        case .float64:
            let (first, second) = (numbers[left], numbers[right])
            return second.isNaN ? !first.isNaN : first < second
        case .ip: return addresses[left] < addresses[right]
        case .decimal: return decimals[left] < decimals[right]
        case .string, .bytes, .json:
            let bytes = texts.bytes.span
            return bytes.extracting(texts.range(left)).compare(bytes.extracting(texts.range(right))) < 0
        }
    }
}
