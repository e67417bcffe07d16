import CPlatform
import Glibc

/// A message to the kernel (netlink(7)): a head, a fixed part and attributes, each padded to four bytes.
struct NetlinkMessage {
    private(set) var bytes: [UInt8]

    init(type: UInt16, flags: UInt16, fixedPart: [UInt8]) {
        bytes = []
        bytes.append(host: UInt32(0))
        bytes.append(host: type)
        bytes.append(host: flags | UInt16(NLM_F_REQUEST))
        bytes.append(host: UInt32(1))
        bytes.append(host: UInt32(0))
        bytes.append(contentsOf: fixedPart)
        pad()
        finish()
    }

    mutating func append(_ attribute: UInt16, _ value: [UInt8]) {
        bytes.append(host: UInt16(4 + value.count))
        bytes.append(host: attribute)
        bytes.append(contentsOf: value)
        pad()
        finish()
    }

    mutating func append(_ attribute: UInt16, text: String) { append(attribute, Array(text.utf8) + [0]) }

    mutating func append(_ attribute: UInt16, number: UInt32) {
        var value: [UInt8] = []
        value.append(host: number)
        append(attribute, value)
    }

    mutating func append(_ attribute: UInt16, nested: (inout NetlinkMessage) -> Void) {
        let start = bytes.count
        append(attribute, [])
        nested(&self)
        set(UInt16(bytes.count - start), at: start)
        finish()
    }

    private mutating func pad() { while bytes.count % 4 != 0 { bytes.append(0) } }

    private mutating func finish() { set(UInt32(bytes.count), at: 0) }

    private mutating func set<Number: FixedWidthInteger>(_ number: Number, at place: Int) {
        var value: [UInt8] = []
        value.append(host: number)
        bytes.replaceSubrange(place..<place + value.count, with: value)
    }
}

/// What the kernel answered: the fixed part and the attributes of one message. Reads past an end give nothing.
struct NetlinkAnswer {
    let type: UInt16
    let payload: ArraySlice<UInt8>

    func number<Number: FixedWidthInteger>(at place: Int, as type: Number.Type = Number.self) -> Number? {
        Self.number(payload, at: place)
    }

    static func number<Number: FixedWidthInteger>(_ bytes: ArraySlice<UInt8>, at place: Int) -> Number? {
        let start = bytes.startIndex + place
        guard start + Number.bitWidth / 8 <= bytes.endIndex else { return nil }
        return bytes[start...].withUnsafeBytes { $0.loadUnaligned(as: Number.self) }
    }

    /// The attributes that begin at `place` of `bytes`.
    static func attributes(_ bytes: ArraySlice<UInt8>, at place: Int) -> [UInt16: ArraySlice<UInt8>] {
        var found: [UInt16: ArraySlice<UInt8>] = [:]
        var offset = place
        while let length: UInt16 = number(bytes, at: offset), let kind: UInt16 = number(bytes, at: offset + 2),
            length >= 4, offset + Int(length) <= bytes.count
        {
            let start = bytes.startIndex + offset
            found[kind & 0x3FFF] = bytes[start + 4..<start + Int(length)]
            offset += (Int(length) + 3) & ~3
        }
        return found
    }
}

/// One conversation with the kernel.
struct NetlinkSocket: ~Copyable {
    private let fd: Int32

    init(family: Int32) throws(SecondChanceError) {
        fd = squilla_netlink(family)
        guard fd >= 0 else { throw LoadedProgram.failure("open a netlink socket", fd) }
    }

    deinit { close(fd) }

    /// Sends a message that is acknowledged.
    /// - Returns: 0, or a negative errno.
    func acknowledge(_ message: NetlinkMessage) -> Int32 {
        exchange(message) { _ in }
    }

    /// Sends a message and hands each answer to `body`, to the end of the dump or the acknowledgement.
    func exchange(_ message: NetlinkMessage, _ body: (NetlinkAnswer) -> Void) -> Int32 {
        let sent = squilla_send(fd, message.bytes, message.bytes.count)
        guard sent >= 0 else { return Int32(sent) }
        var buffer = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            let count = squilla_read(fd, &buffer, buffer.count)
            guard count > 0 else { return count == 0 ? -EPIPE : Int32(count) }
            var rest = buffer[..<count]
            while let length: UInt32 = NetlinkAnswer.number(rest, at: 0),
                let type: UInt16 = NetlinkAnswer.number(rest, at: 4), length >= 16, length <= rest.count
            {
                let payload = rest[rest.startIndex + 16..<rest.startIndex + Int(length)]
                if type == UInt16(NLMSG_ERROR) { return NetlinkAnswer.number(payload, at: 0) ?? -EPROTO }
                if type == UInt16(NLMSG_DONE) { return 0 }
                body(NetlinkAnswer(type: type, payload: payload))
                rest = rest.dropFirst((Int(length) + 3) & ~3)
            }
        }
    }
}
