import Bytes

/// A stored response as a record, and back.
extension DiskRecord {
    private static let fixedMetaBytes = 44
    private enum Form: UInt8 {
        /// The body follows.
        case body = 0
        /// The body lies in pieces under keys of their own.
        case pieces = 1
    }

    /// Writes a whole record.
    /// - Returns: its head; nil for an object that can't be written: its body isn't complete, or the record is too long.
    static func append(
        _ object: CachedObject, sequence: UInt64, hash: SipHash, limit: Int, to bytes: inout [UInt8]
    ) -> DiskRecord? {
        guard let body = object.bodyParts else { return nil }
        var record = DiskRecord(
            kind: .object, sequence: sequence, hash: hash.hash(object.keyBytes.span),
            variance: object.diskVariance(hash))
        record.bodyBytes = body.reduce(0) { $0 + $1.count }
        let start = bytes.count
        bytes.append(contentsOf: [UInt8](repeating: 0, count: headBytes))
        appendMeta(object, to: &bytes)
        record.metaBytes = bytes.count - start - headBytes
        guard record.totalBytes <= limit, record.metaBytes <= Int(UInt32.max) else {
            bytes.removeSubrange(start...)
            return nil
        }
        bytes.append(contentsOf: [UInt8](repeating: 0, count: 4 * record.blockCount))
        for part in body { bytes.append(contentsOf: part) }
        for block in 0..<record.blockCount {
            let from = start + record.bodyStart + block * blockBytes
            let end = min(from + blockBytes, bytes.count)
            bytes.put(
                CRC32C.checksum(bytes.span.extracting(from..<end)),
                at: start + headBytes + record.metaBytes + 4 * block)
        }
        record.metaChecksum = CRC32C.checksum(
            bytes.span.extracting(start + headBytes..<start + record.bodyStart))
        bytes.append(contentsOf: [UInt8](repeating: 0, count: start + record.totalBytes - bytes.count))
        var head: [UInt8] = []
        record.appendHead(to: &head)
        bytes.replaceSubrange(start..<start + headBytes, with: head)
        return record
    }

    private static func appendMeta(_ object: CachedObject, to bytes: inout [UInt8]) {
        let freshness = object.freshness
        bytes.append(little: Int16(object.status))
        bytes.append(little: UInt16(object.keyCount))
        bytes.append(little: UInt16(object.varianceRange.count))
        bytes.append(little: UInt16(object.tagCount))
        bytes.append(UInt8(object.statusLineRange.count))
        bytes.append((object.isSegmented ? Form.pieces : .body).rawValue)
        bytes.append(little: freshness.flags.subtracting(.isOnDisk).rawValue)
        bytes.append(little: UInt32(clamping: freshness.responseTime))
        bytes.append(little: freshness.initialAge)
        bytes.append(little: freshness.lifetime)
        bytes.append(little: freshness.staleWhileRevalidate)
        bytes.append(little: freshness.staleIfError)
        bytes.append(little: UInt32(object.headRange.upperBound))
        bytes.append(contentsOf: [UInt8](repeating: 0, count: 8))
        if let pieces = object.segments {
            bytes.append(little: pieces.id)
            bytes.append(little: pieces.length)
            bytes.append(little: pieces.segmentBytes)
        }
        bytes.append(contentsOf: object.bytes[..<object.headRange.upperBound])
    }

    /// The object in a record that is intact. Nil if it makes no sense, which a checksum can't tell.
    /// - Parameter bytes: the whole record.
    func object(_ bytes: [UInt8]) -> CachedObject? {
        let meta = DiskRecord.headBytes
        guard metaBytes >= DiskRecord.fixedMetaBytes, let form = Form(rawValue: bytes[meta + 9]) else { return nil }
        let freshness = Freshness(
            responseTime: Int64(bytes.number(UInt32.self, at: meta + 12)),
            initialAge: bytes.number(Int32.self, at: meta + 16), lifetime: bytes.number(Int32.self, at: meta + 20),
            staleWhileRevalidate: bytes.number(Int32.self, at: meta + 24),
            staleIfError: bytes.number(Int32.self, at: meta + 28),
            flags: Freshness.Flags(rawValue: bytes.number(UInt16.self, at: meta + 10)).union(.isOnDisk))
        var start = meta + DiskRecord.fixedMetaBytes
        var pieces: SegmentedBody?
        if form == .pieces {
            guard start + 24 <= bodyStart, bodyBytes == 0 else { return nil }
            let size = bytes.number(UInt64.self, at: start + 16)
            guard (1...(1 << 40)).contains(size) else { return nil }
            pieces = SegmentedBody(
                id: bytes.number(UInt64.self, at: start), length: bytes.number(UInt64.self, at: start + 8),
                segmentBytes: Int(size))
            start += 24
        }
        let lengths = CachedObject.Lengths(
            key: bytes.number(UInt16.self, at: meta + 2), variance: bytes.number(UInt16.self, at: meta + 4),
            tags: bytes.number(UInt16.self, at: meta + 6), statusLine: bytes[meta + 8],
            headEnd: bytes.number(UInt32.self, at: meta + 32))
        guard start + Int(lengths.headEnd) == meta + metaBytes, lengths.areSound else { return nil }
        let variance = start + Int(lengths.key)..<start + Int(lengths.key) + Int(lengths.variance)
        guard Variance.isSound(bytes.span.extracting(variance)) else { return nil }
        let body = bodyStart..<bodyStart + bodyBytes
        return CachedObject(
            prefix: bytes[start..<meta + metaBytes], lengths, status: bytes.number(Int16.self, at: meta), freshness,
            body: bytes[body], pieces: pieces)
    }
}

extension CachedObject {
    /// Where the parts of ``bytes`` end.
    struct Lengths {
        let key: UInt16
        let variance: UInt16
        let tags: UInt16
        let statusLine: UInt8
        let headEnd: UInt32

        /// Where the field lines start.
        var headStart: Int { Int(key) + Int(variance) + 8 * Int(tags) + Int(statusLine) }

        var areSound: Bool {
            headStart <= Int(headEnd) && tags <= maximumTags + 1
        }
    }

    /// All that is stored of the body, if it is complete; nothing for one in pieces.
    var bodyParts: [ArraySlice<UInt8>]? {
        if segments != nil { return [] }
        guard let body else { return [bytes[inlineBodyRange]] }
        return body.completeParts?.map { $0[...] }
    }

    func diskVariance(_ hash: SipHash) -> UInt32 {
        hasVariance ? UInt32(truncatingIfNeeded: hash.hash(bytes.span.extracting(varianceRange))) | 1 : 0
    }
}
