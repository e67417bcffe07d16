/// Types of records (RFC 1035, 3.2.2 and later ones); any number is one.
struct RecordType: RawRepresentable, Hashable, Sendable {
    var rawValue: UInt16

    static let a = RecordType(rawValue: 1)
    static let ns = RecordType(rawValue: 2)
    static let cname = RecordType(rawValue: 5)
    static let soa = RecordType(rawValue: 6)
    static let ptr = RecordType(rawValue: 12)
    static let hinfo = RecordType(rawValue: 13)
    static let mx = RecordType(rawValue: 15)
    static let txt = RecordType(rawValue: 16)
    static let aaaa = RecordType(rawValue: 28)
    static let srv = RecordType(rawValue: 33)
    static let opt = RecordType(rawValue: 41)
    static let delegationSigner = RecordType(rawValue: 43)
    static let caa = RecordType(rawValue: 257)
    static let any = RecordType(rawValue: 255)

    /// Transfers and questions about more than one type (RFC 5936, 1035, 3.2.3), which are refused; `ANY` is not among them.
    var isRefused: Bool { (249...254).contains(rawValue) }
}

/// What an answer says of itself (RFC 1035, 4.1.1; RFC 6891).
enum ResponseCode: UInt16, Sendable, CustomStringConvertible {
    case noError = 0
    case formatError = 1
    case nameError = 3
    case notImplemented = 4
    case refused = 5
    case badVersion = 16

    /// As dig writes it.
    var description: String {
        switch self {
        case .noError: "NOERROR"
        case .formatError: "FORMERR"
        case .nameError: "NXDOMAIN"
        case .notImplemented: "NOTIMP"
        case .refused: "REFUSED"
        case .badVersion: "BADVERS"
        }
    }
}
