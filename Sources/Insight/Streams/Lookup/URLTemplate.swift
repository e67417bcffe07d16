import Bytes
import Columns

/// An address in which columns stand as `{name}`.
struct URLTemplate: Sendable {
    private enum Piece: Sendable {
        case text([UInt8])
        /// An index into `names`.
        case name(Int)
    }

    /// The columns that occur, each once, in order.
    private(set) var names: [String] = []
    private var pieces: [Piece] = []

    /// - Parameter known: what is in braces and is none of these stays as it is.
    init(_ text: String, names known: [String]) {
        var rest = Substring(text)
        while let open = rest.firstIndex(of: "{") {
            let behind = rest[rest.index(after: open)...]
            guard let close = behind.firstIndex(of: "}"), known.contains(String(behind[..<close])) else {
                pieces.append(.text(Array(rest[...open].utf8)))
                rest = behind
                continue
            }
            pieces.append(.text(Array(rest[..<open].utf8)))
            let name = String(behind[..<close])
            let index = names.firstIndex(of: name) ?? names.count
            if index == names.count { names.append(name) }
            pieces.append(.name(index))
            rest = behind[behind.index(after: close)...]
        }
        pieces.append(.text(Array(rest.utf8)))
    }

    /// The address with the values of a row, which must not be null.
    ///
    /// - Parameter columns: one a name.
    func filled(_ columns: [Column], row: Int) -> String {
        var bytes: [UInt8] = []
        for piece in pieces {
            switch piece {
            case .text(let text): bytes += text
            case .name(let index): Self.append(columns[index], row, to: &bytes)
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    private static func append(_ column: Column, _ row: Int, to bytes: inout [UInt8]) {
        var text: [UInt8] = []
        switch column.storage {
        case .bool(let values): text += Array((values[row] ? "true" : "false").utf8)
        case .int64(let values):
            if column.type == .timestamp {
                TimeWriter.appendISO8601(values[row], to: &text)
            } else {
                NumberWriter.append(values[row], to: &text)
            }
        case .float64(let values): NumberWriter.append(values[row], to: &text)
        case .byteStrings(let values): text += values.bytes[values.range(row)]
        case .dictionary(let codes, let values): text += values.bytes[values.range(Int(codes[row]))]
        case .ip(let values): values[row].append(to: &text)
        case .decimal(let values):
            NumberWriter.append(decimal: values[row], scale: column.type.decimalScale ?? 0, to: &text)
        }
        for byte in text { escape(byte, to: &bytes) }
    }

    /// All but the unreserved characters (RFC 3986, 2.3): a value can't reach beyond its place.
    private static func escape(_ byte: UInt8, to bytes: inout [UInt8]) {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"), UInt8(ascii: "~"):
            bytes.append(byte)
        default:
            let digits = Array("0123456789ABCDEF".utf8)
            bytes += [UInt8(ascii: "%"), digits[Int(byte >> 4)], digits[Int(byte & 15)]]
        }
    }
}
