import Bytes

/// What a field's name says about how a request may use it (RFC 9113, 8.2 and 8.3). Found once for each entry of a
/// table, not once for each use of it.
enum HPACKFieldKind: UInt8, Sendable {
    case regular, cookie, te, priority
    case method, path, scheme, authority
    /// A pseudo-header field that no request has.
    case foreignPseudo
    /// About one connection, which HTTP/2 says otherwise (RFC 9113, 8.2.2).
    case ofConnection
    /// Upper case, or what is no token.
    case malformedName

    /// The name goes into the head.
    var keepsName: Bool { rawValue <= HPACKFieldKind.priority.rawValue }
}

/// A field of a table. Its octets lie together in the table's memory, as a head takes them over: the name and the value
/// of most; for `:authority` the name `host` instead, and no name for the other pseudo-header fields.
struct HPACKField: Sendable {
    var offset: UInt32 = 0
    var nameLength: UInt16 = 0
    var valueLength: UInt16 = 0
    /// As RFC 7541, 4.1 counts it.
    var size: UInt32 = 0
    var kind = HPACKFieldKind.regular
    var id = KnownHeader.other
    /// The value holds only what one of its kind may hold.
    var hasCleanValue = true

    var octets: Range<Int> { Int(offset)..<Int(offset) + Int(nameLength) + Int(valueLength) }
}

extension HPACKFieldKind {
    /// Looks at a name as it came.
    static func classify(_ name: Span<UInt8>, _ names: HeaderNameTable) -> (HPACKFieldKind, KnownHeader) {
        guard name.count > 0 else { return (.malformedName, .other) }
        if name[0] == 0x3A { return (pseudo(name), .other) }
        for index in name.indices {
            let byte = name[index]
            guard ByteClass.isToken(byte), byte &- 0x41 >= 26 else { return (.malformedName, .other) }
        }
        let id = names.find(name)
        switch id {
        case .cookie: return (.cookie, id)
        case .te: return (.te, id)
        case .connection, .keepAlive, .proxyConnection, .transferEncoding, .upgrade: return (.ofConnection, id)
        case .other where name.isEqual(to: "priority"): return (.priority, id)
        default: return (.regular, id)
        }
    }

    private static func pseudo(_ name: Span<UInt8>) -> HPACKFieldKind {
        switch name.count {
        case 5 where name.isEqual(to: ":path"): .path
        case 7: name.isEqual(to: ":method") ? .method : name.isEqual(to: ":scheme") ? .scheme : .foreignPseudo
        case 10 where name.isEqual(to: ":authority"): .authority
        default: .foreignPseudo
        }
    }

    /// Whether a value holds only what it may. An authority is read when the head is complete.
    func allows(_ value: Span<UInt8>) -> Bool {
        switch self {
        case .method: value.count > 0 && value.allSatisfy(ByteClass.isToken)
        case .path: value.allSatisfy(ByteClass.isTarget)
        case .scheme: value.allSatisfy(HPACKFieldKind.isScheme)
        case .authority: true
        default: HPACKFieldKind.isFieldValue(value)
        }
    }

    /// RFC 9113, 8.2.1: no controls, no white space around it.
    private static func isFieldValue(_ value: Span<UInt8>) -> Bool {
        guard value.count > 0 else { return true }
        guard !ByteClass.isSpace(value[0]), !ByteClass.isSpace(value[value.count - 1]) else { return false }
        return value.firstIndexOfFieldEnd() == nil
    }

    private static func isScheme(_ byte: UInt8) -> Bool {
        byte &- 0x61 < 26 || byte &- 0x41 < 26 || ByteClass.isDigit(byte) || byte == 0x2B || byte == 0x2D
            || byte == 0x2E
    }
}

extension Span where Element == UInt8 {
    @inline(__always)
    fileprivate func allSatisfy(_ condition: (UInt8) -> Bool) -> Bool {
        var index = 0
        while index < count {
            if !condition(self[index]) { return false }
            index += 1
        }
        return true
    }
}
