import Bytes

/// The head of a frame (RFC 9113, 4.1).
struct HTTP2Frame: Sendable {
    static let headBytes = 9
    /// The largest payload that a peer may send without being told otherwise, which this side never does.
    static let maximumBytes = 16_384

    enum Kind {
        static let data: UInt8 = 0
        static let headers: UInt8 = 1
        static let priority: UInt8 = 2
        static let reset: UInt8 = 3
        static let settings: UInt8 = 4
        static let push: UInt8 = 5
        static let ping: UInt8 = 6
        static let goAway: UInt8 = 7
        static let windowUpdate: UInt8 = 8
        static let continuation: UInt8 = 9
        static let priorityUpdate: UInt8 = 16
    }

    enum Flag {
        static let endStream: UInt8 = 0x1
        static let acknowledgement: UInt8 = 0x1
        static let endHeaders: UInt8 = 0x4
        static let padded: UInt8 = 0x8
        static let priority: UInt8 = 0x20
    }

    var length = 0
    var kind: UInt8 = 0
    var flags: UInt8 = 0
    var stream: Int32 = 0

    init() {}

    /// - Precondition: nine bytes.
    init(_ bytes: Span<UInt8>) {
        length = Int(bytes[0]) << 16 | Int(bytes[1]) << 8 | Int(bytes[2])
        kind = bytes[3]
        flags = bytes[4]
        stream = Int32(truncatingIfNeeded: bytes.number31(at: 5))
    }

    @inline(__always)
    func has(_ flag: UInt8) -> Bool { flags & flag != 0 }
}

extension Span where Element == UInt8 {
    /// 31 bits; the highest one of the four octets is reserved.
    @inline(__always)
    func number31(at index: Int) -> Int { number32(at: index) & 0x7fff_ffff }

    @inline(__always)
    func number32(at index: Int) -> Int {
        Int(self[index]) << 24 | Int(self[index + 1]) << 16 | Int(self[index + 2]) << 8 | Int(self[index + 3])
    }
}

extension OutputSpan<UInt8> {
    /// The head of a frame.
    mutating func appendFrame(_ kind: UInt8, flags: UInt8, stream: Int32, length: Int) {
        append(UInt8(truncatingIfNeeded: length >> 16))
        append(UInt8(truncatingIfNeeded: length >> 8))
        append(UInt8(truncatingIfNeeded: length))
        append(kind)
        append(flags)
        appendNumber32(Int(stream))
    }

    mutating func appendNumber32(_ number: Int) {
        append(UInt8(truncatingIfNeeded: number >> 24))
        append(UInt8(truncatingIfNeeded: number >> 16))
        append(UInt8(truncatingIfNeeded: number >> 8))
        append(UInt8(truncatingIfNeeded: number))
    }
}

extension [UInt8] {
    /// A frame of numbers of four octets.
    mutating func appendFrame(_ kind: UInt8, flags: UInt8 = 0, stream: Int32 = 0, _ first: Int, _ second: Int? = nil) {
        append(addingCapacity: HTTP2Frame.headBytes + 8) { output in
            output.appendFrame(kind, flags: flags, stream: stream, length: second == nil ? 4 : 8)
            output.appendNumber32(first)
            if let second { output.appendNumber32(second) }
        }
    }
}
