import Bytes

/// The fields that both sides know from the start (RFC 7541, appendix A).
struct HPACKStaticTable: Sendable {
    static let shared = HPACKStaticTable()
    static let count = 61

    /// `fields[i - 1]` is the one with index i.
    let fields: [HPACKField]
    let bytes: [UInt8]

    init() {
        var fields: [HPACKField] = []
        var bytes: [UInt8] = []
        for (name, value) in HPACKStaticTable.texts {
            let (nameBytes, valueBytes) = (Array(name.utf8), Array(value.utf8))
            var field = HPACKField()
            (field.kind, field.id) = HPACKFieldKind.classify(nameBytes.span, HeaderNameTable.shared)
            field.offset = UInt32(bytes.count)
            field.size = UInt32(nameBytes.count + valueBytes.count + 32)
            let kept = field.kind == .authority ? Array("host".utf8) : field.kind.keepsName ? nameBytes : []
            field.nameLength = UInt16(kept.count)
            field.valueLength = UInt16(valueBytes.count)
            bytes += kept + valueBytes
            fields.append(field)
        }
        self.fields = fields
        self.bytes = bytes
    }

    static let texts: [(name: String, value: String)] = [
        (":authority", ""), (":method", "GET"), (":method", "POST"), (":path", "/"), (":path", "/index.html"),
        (":scheme", "http"), (":scheme", "https"), (":status", "200"), (":status", "204"), (":status", "206"),
        (":status", "304"), (":status", "400"), (":status", "404"), (":status", "500"), ("accept-charset", ""),
        ("accept-encoding", "gzip, deflate"), ("accept-language", ""), ("accept-ranges", ""), ("accept", ""),
        ("access-control-allow-origin", ""), ("age", ""), ("allow", ""), ("authorization", ""),
        ("cache-control", ""), ("content-disposition", ""), ("content-encoding", ""), ("content-language", ""),
        ("content-length", ""), ("content-location", ""), ("content-range", ""), ("content-type", ""),
        ("cookie", ""), ("date", ""), ("etag", ""), ("expect", ""), ("expires", ""), ("from", ""), ("host", ""),
        ("if-match", ""), ("if-modified-since", ""), ("if-none-match", ""), ("if-range", ""),
        ("if-unmodified-since", ""), ("last-modified", ""), ("link", ""), ("location", ""), ("max-forwards", ""),
        ("proxy-authenticate", ""), ("proxy-authorization", ""), ("range", ""), ("referer", ""), ("refresh", ""),
        ("retry-after", ""), ("server", ""), ("set-cookie", ""), ("strict-transport-security", ""),
        ("transfer-encoding", ""), ("user-agent", ""), ("vary", ""), ("via", ""), ("www-authenticate", ""),
    ]
}
