import Bytes

/// What hosts of a place, and the command line, tell each other: one datagram, authenticated by HMAC-SHA-256.
///
///     magic "SQ2C" | version 1 | kind | number | flags | time 8 | connections 4 | mac 6 | length 2 | text | code 32
///
/// Numbers are in network order; the time is in milliseconds of 1970 and guards, with what was heard last, against replay.
public struct PlaceMessage: Hashable, Sendable {
    public enum Kind: UInt8, Sendable {
        case heartbeat = 1
        /// Commands, and the answer to each.
        case drain, `return`, status
        case answer
    }

    /// Of those who are no host: the command line.
    public static let nobody = 255
    static let maximumTextBytes = 16_384
    private static let magic = Array("SQ2C".utf8)
    private static let headBytes = 28
    private static let codeBytes = 32

    public var kind: Kind
    public var number: Int
    var isDraining = false
    /// Said by a host that is about to be silent for a while and goes on passing packets.
    var isRestarting = false
    var timeMilliseconds: Int64
    public var connections = 0
    var mac = MACAddress.none
    public var text: [UInt8] = []

    public init(_ kind: Kind, number: Int, timeMilliseconds: Int64) {
        self.kind = kind
        self.number = number
        self.timeMilliseconds = timeMilliseconds
    }

    public func sealed(with secret: [UInt8]) -> [UInt8] {
        var out = Self.magic
        out.append(contentsOf: [1, kind.rawValue, UInt8(number), (isDraining ? 1 : 0) | (isRestarting ? 2 : 0)])
        out.append(network: timeMilliseconds)
        out.append(network: UInt32(clamping: connections))
        out.append(contentsOf: mac.bytes)
        let text = text.prefix(Self.maximumTextBytes)
        out.append(network: UInt16(text.count))
        out.append(contentsOf: text)
        return out + Digest.sha256.authenticate(out, key: secret)
    }

    /// Nil for whatever is not exactly a message of someone who knows the secret.
    public init?(_ bytes: ArraySlice<UInt8>, secret: [UInt8]) {
        let start = bytes.startIndex
        guard bytes.count >= Self.headBytes + Self.codeBytes, bytes.prefix(4).elementsEqual(Self.magic),
            bytes[start + 4] == 1, let kind = Kind(rawValue: bytes[start + 5]),
            let mac = MACAddress(Array(bytes[start + 20..<start + 26]))
        else { return nil }
        let length: Int = bytes[start + 26..<start + 28].networkNumber()
        let end = start + Self.headBytes + length
        guard length <= Self.maximumTextBytes, bytes.endIndex == end + Self.codeBytes else { return nil }
        let code = Digest.sha256.authenticate(Array(bytes[..<end]), key: secret)
        guard Digest.areEqual(bytes[end...], code) else { return nil }
        self.init(
            kind, number: Int(bytes[start + 6]), timeMilliseconds: bytes[start + 8..<start + 16].networkNumber())
        isDraining = bytes[start + 7] & 1 != 0
        isRestarting = bytes[start + 7] & 2 != 0
        connections = bytes[start + 16..<start + 20].networkNumber()
        self.mac = mac
        text = Array(bytes[start + Self.headBytes..<end])
    }
}

extension MACAddress {
    static let none = MACAddress(repeating: 0)

    init(repeating byte: UInt8) { bytes = [UInt8](repeating: byte, count: 6) }
}
