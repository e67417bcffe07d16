import Bytes
import Codings
import HTTPWire

/// The head of a compressed form of a stored response.
enum EncodedHead {
    /// The stored field lines, with the coding named and an entity tag of its own.
    static func lines(of object: CachedObject, _ coding: ContentCoding) -> [UInt8] {
        var fields = object.fields()
        for name in digests { fields.remove(named: name.span) }
        var writer = HeadWriter(capacity: object.headRange.count + 64)
        writer.copyFields(of: fields, except: [.etag, .contentLength, .acceptRanges])
        writer.field("Content-Encoding", text: coding.token)
        if let tag = fields.value(of: .etag) { writer.field("ETag", EncodedTag.suffixed(tag, coding).span) }
        return writer.bytes
    }

    /// They are about the bytes that were sent (RFC 9530).
    static let digests = ["content-digest", "repr-digest", "digest", "content-md5"].map { Array($0.utf8) }
}
