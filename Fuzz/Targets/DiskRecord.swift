// modules: HTTPCache,HTTPWire,Bytes
import Bytes
import HTTPWire

@testable import HTTPCache

/// Bytes as a file of the disk tier: read as they are, and as a record whose checksums are right, which is what somebody
/// would write who may write to the folder. Never a crash, and what comes of it can be used like any object. Purges that are
/// read are written again in the same way.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzz(_ start: UnsafePointer<UInt8>, _ count: Int) -> CInt {
    let input = Array(UnsafeBufferPointer(start: start, count: count))
    if let record = DiskRecord.readHead(input, at: 0, limit: input.count) {
        precondition(record.totalBytes <= input.count, "longer than there is")
        if record.isIntact(input) { _ = record.object(input) }
    }
    checkPurges(input)
    guard count > 1 else { return 0 }
    let bodyBytes = min(Int(input[0]), count - 1)
    let meta = input.dropFirst().dropLast(bodyBytes)
    var record = DiskRecord(kind: .object, sequence: 1, hash: 2, variance: 3)
    record.metaBytes = meta.count
    record.bodyBytes = bodyBytes
    var bytes = [UInt8](repeating: 0, count: DiskRecord.headBytes) + meta
    let body = input.suffix(bodyBytes)
    if bodyBytes > 0 { bytes.append(little: CRC32C.checksum(body.span)) }
    bytes += body
    record.metaChecksum = CRC32C.checksum(bytes.span.extracting(DiskRecord.headBytes..<record.bodyStart))
    var head: [UInt8] = []
    record.appendHead(to: &head)
    bytes.replaceSubrange(0..<DiskRecord.headBytes, with: head)
    bytes += [UInt8](repeating: 0, count: record.totalBytes - bytes.count)
    precondition(DiskRecord.readHead(bytes, at: 0, limit: bytes.count) == record, "a head comes back as another")
    precondition(record.isIntact(bytes))
    if let object = record.object(bytes) { use(object) }
    return 0
}

private func use(_ object: CachedObject) {
    var request = HeaderBlock()
    request.append(Array("Accept-Encoding".utf8).span, Array("gzip".utf8).span)
    let variance = object.bytes.span.extracting(object.varianceRange)
    _ = Variance.matches(variance, request, VaryRules())
    _ = Variance.encode(like: variance, request, VaryRules())
    _ = object.hasKey(prefix: object.keyBytes.span)
    for index in 0..<object.tagCount { _ = object.tag(index) }
    precondition(object.headRange.upperBound <= object.bytes.count)
    if let parts = object.bodyParts { _ = parts.reduce(0) { $0 + $1.count } }
    // As the tier would write it again.
    var again: [UInt8] = []
    let hash = SipHash(key0: 1, key1: 2)
    if let record = DiskRecord.append(object, sequence: 7, hash: hash, limit: 1 << 20, to: &again) {
        precondition(record.isIntact(again) && record.object(again)?.keyBytes == object.keyBytes)
    }
}

private func checkPurges(_ input: [UInt8]) {
    var position = 0
    while let entry = PurgeJournal.Entry.read(input, at: &position) {
        var again: [UInt8] = []
        entry.append(to: &again)
        var start = 0
        precondition(PurgeJournal.Entry.read(again, at: &start) == entry, "a purge comes back as another")
    }
    _ = PurgeJournal.Entry.isCutOff(input, at: position)
}
