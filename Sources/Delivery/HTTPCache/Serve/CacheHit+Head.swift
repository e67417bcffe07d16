import Bytes
public import HTTPWire

/// The body that goes with a head that ``CacheHit/writeHead(to:_:isHead:signature:boundary:)`` wrote.
public enum ServedBody: Sendable {
    case none
    /// Of this length, which the head says.
    case whole(length: UInt64)
    /// Of unknown length: the caller adds the framing to the head.
    case stream
    case range(Range<UInt64>)
    case ranges(MultipartRanges)
}

extension CacheHit {
    /// Which bytes of the stored body the answer will bring first; nil where it brings none.
    public func firstBytes(of request: RequestHead, now: Int64, settings: CacheSettings) -> Range<UInt64>? {
        guard request.method == .get, let length = object.bodyLength else { return nil }
        switch plan(for: request, now: now, settings: settings) {
        case .whole: return 0..<length
        case .range(let range): return range
        case .ranges(let parts): return parts.first
        case .notModified, .unsatisfiable, .preconditionFailed: return nil
        }
    }

    /// How it answers a request: whole, in part, or by "not modified".
    /// - Parameter now: seconds since 1970-01-01T00:00:00Z.
    public func plan(for request: RequestHead, now: Int64, settings: CacheSettings) -> ServePlan {
        CachePolicy.plan(
            request, status: Int(object.status), fields: object.fields(), freshness: object.freshness,
            length: object.bodyLength, now: now, settings: settings)
    }

    /// Writes the head of the answer: status line, stored fields, Age, Via, Cache-Status, Content-Length where known. The
    /// caller adds what concerns the connection and the empty line.
    /// - Parameters:
    ///   - plan: what ``plan(for:now:settings:)`` said.
    ///   - isHead: the answer is to HEAD.
    ///   - signature: of the cache whose settings these are.
    ///   - boundary: a random number for several ranges.
    /// - Returns: the status sent, and the body to send. A HEAD request gets `.none`.
    public func writeHead(
        to writer: inout HeadWriter, _ plan: ServePlan, isHead: Bool, signature: CacheSignature,
        boundary: @autoclosure () -> UInt64
    ) -> (status: Int, body: ServedBody) {
        let length = object.bodyLength
        switch plan {
        case .whole where isPlain && length != nil:
            writePlain(&writer, length ?? 0, signature)
            return (Int(object.status), isHead || length == 0 ? .none : .whole(length: length ?? 0))
        case .whole:
            writeStored(&writer)
            writeCommon(&writer, signature)
            return (Int(object.status), whole(&writer, length, isHead: isHead))
        case .notModified:
            writer.statusLine(304)
            writer.copyFields(of: object.fields(), except: CacheHit.omittedIn304)
            writeCommon(&writer, signature)
            return (304, .none)
        case .preconditionFailed:
            writer.statusLine(412)
            writeCommon(&writer, signature)
            writer.field("Content-Length", 0)
            return (412, .none)
        case .unsatisfiable:
            writer.statusLine(416)
            writeCommon(&writer, signature)
            writer.startField("Content-Range")
            writer.bytes.append(contentsOf: "bytes */\(length ?? 0)".utf8)
            writer.endLine()
            writer.field("Content-Length", 0)
            return (416, .none)
        case .range(let range):
            writer.statusLine(206)
            writer.bytes.append(contentsOf: object.bytes[object.headRange])
            writeCommon(&writer, signature)
            writer.startField("Content-Range")
            MultipartRanges.appendContentRange(range, length: length ?? 0, to: &writer.bytes)
            writer.endLine()
            writer.field("Content-Length", range.count)
            return (206, .range(range))
        case .ranges(let parts):
            return (206, writeRanges(&writer, parts, length ?? 0, signature, boundary()))
        }
    }

    /// Fresh, and of a status that has a body: what most answers are.
    private var isPlain: Bool {
        kind == .hit && !object.freshness.flags.contains(.isHTTP10) && object.status != 204 && object.status != 304
    }

    /// The same lines as the general way writes, with one look for room.
    private func writePlain(_ writer: inout HeadWriter, _ length: UInt64, _ signature: CacheSignature) {
        let bytes = object.bytes
        let isOK = object.status == 200 && object.statusLineRange.isEmpty
        if !isOK, object.statusLineRange.isEmpty { writer.statusLine(Int(object.status)) }
        let stored = object.statusLineRange.lowerBound..<object.headRange.upperBound
        // Not `self`, which the closure would copy.
        let (age, timeToLive) = (UInt64(max(0, age)), UInt64(max(0, timeToLive)))
        let numbersBytes = 3 * 20 + 64
        writer.bytes.append(addingCapacity: stored.count + signature.hitLines.count + numbersBytes) { output in
            if isOK { output.append(contentsOf: CacheHit.okLine.span) }
            output.append(contentsOf: bytes.span.extracting(stored))
            output.append(contentsOf: CacheHit.ageName.span)
            NumberWriter.append(age, to: &output)
            output.append(contentsOf: signature.hitLines.span)
            NumberWriter.append(timeToLive, to: &output)
            output.append(contentsOf: CacheHit.lengthName.span)
            NumberWriter.append(length, to: &output)
            output.append(0x0D)
            output.append(0x0A)
        }
    }

    private static let okLine = Array("HTTP/1.1 200 OK\r\n".utf8)
    private static let ageName = Array("Age: ".utf8)
    private static let lengthName = Array("\r\nContent-Length: ".utf8)

    /// Status line and fields in one copy each.
    private func writeStored(_ writer: inout HeadWriter) {
        let bytes = object.bytes
        let line = object.statusLineRange
        if line.isEmpty { writer.statusLine(Int(object.status)) }
        writer.bytes.append(contentsOf: bytes.span.extracting(line.lowerBound..<object.headRange.upperBound))
    }

    private func writeRanges(
        _ writer: inout HeadWriter, _ parts: [Range<UInt64>], _ length: UInt64, _ signature: CacheSignature,
        _ boundary: UInt64
    ) -> ServedBody {
        let fields = object.fields()
        let type = fields.joinedValue(of: .contentType) ?? []
        let multipart = MultipartRanges(parts: parts, length: length, partType: type.span, boundary: boundary)
        writer.statusLine(206)
        writer.copyFields(of: fields, except: [.contentType])
        writeCommon(&writer, signature)
        writer.field("Content-Type", multipart.contentType.span)
        writer.field("Content-Length", Int(clamping: multipart.length))
        return .ranges(multipart)
    }

    /// Describe a body, which a 304 has not; all else may update the client's copy (RFC 9110 §15.4.5).
    private static let omittedIn304: HeaderSet = [
        .contentLength, .contentType, .contentEncoding, .contentLanguage, .contentRange, .acceptRanges,
    ]

    private func whole(_ writer: inout HeadWriter, _ length: UInt64?, isHead: Bool) -> ServedBody {
        if object.status == 204 || object.status == 304 { return .none }
        guard let length else { return isHead ? .none : .stream }
        writer.field("Content-Length", Int(clamping: length))
        return isHead || length == 0 ? .none : .whole(length: length)
    }

    private func writeCommon(_ writer: inout HeadWriter, _ signature: CacheSignature) {
        if kind == .hit, !object.freshness.flags.contains(.isHTTP10) {
            // The same lines as below, in fewer steps.
            writer.startField("Age")
            NumberWriter.append(age, to: &writer.bytes)
            writer.bytes.append(contentsOf: signature.hitLines.span)
            NumberWriter.append(timeToLive, to: &writer.bytes)
            return writer.endLine()
        }
        if let ownFields { writer.bytes.append(contentsOf: ownFields) }
        // A response that this request itself fetched is as old as the origin says.
        if kind != .filled || age > 0 { writer.field("Age", Int(age)) }
        // A line of our own after those of the caches before us: the same list (RFC 9110 §7.6.3).
        writer.startField("Via")
        writer.bytes.append(contentsOf: object.freshness.flags.contains(.isHTTP10) ? "1.0 " : "1.1 ")
        writer.bytes.append(contentsOf: signature.name.utf8)
        writer.endLine()
        writer.startField("Cache-Status")
        status.append(cache: signature.name, to: &writer.bytes)
        writer.endLine()
    }
}
