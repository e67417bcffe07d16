/// The values of one field over the rows of a batch. Immutable once built; copying shares the storage.
public struct Column: Sendable {
    /// How the values lie in memory. Slots of null rows hold a defined but meaningless value (zero or empty).
    public enum Storage: Sendable {
        /// `bool`
        case bool(Bitmap)
        /// `int64` and `timestamp`
        case int64([Int64])
        /// `float64`
        case float64([Double])
        /// `string`, `bytes` and `json`
        case byteStrings(ByteStrings)
        /// `string`, `bytes` and `json` with few distinct values: row `i` is `values[codes[i]]`
        case dictionary(codes: [UInt32], values: ByteStrings)
        /// `ip`
        case ip([IPAddress])
        /// `decimal`, in units of its scale
        case decimal([Int128])
    }

    public let type: FieldType
    public let count: Int
    /// One bit a row, set where the row has a value; `nil` when no row is null.
    public let validity: Bitmap?
    public let storage: Storage

    /// - Precondition: `storage` fits `type`, and it and `validity` have `count` rows.
    public init(type: FieldType, count: Int, validity: Bitmap?, storage: Storage) {
        precondition(validity == nil || validity?.count == count, "validity and values differ in length")
        switch (storage, type) {
        case (.bool(let values), .bool): precondition(values.count == count)
        case (.int64(let values), .int64), (.int64(let values), .timestamp): precondition(values.count == count)
        case (.float64(let values), .float64): precondition(values.count == count)
        case (.byteStrings(let values), .string), (.byteStrings(let values), .bytes), (.byteStrings(let values), .json):
            precondition(values.count == count)
        case (.dictionary(let codes, _), .string), (.dictionary(let codes, _), .bytes),
            (.dictionary(let codes, _), .json):
            precondition(codes.count == count)
        case (.ip(let values), .ip): precondition(values.count == count)
        case (.decimal(let values), .decimal): precondition(values.count == count)
        default: preconditionFailure("a \(type) column cannot hold this storage")
        }
        self.type = type
        self.count = count
        self.validity = validity
        self.storage = storage
    }

    public func isNull(_ row: Int) -> Bool {
        guard let validity else { return false }
        return !validity[row]
    }
}
