// modules: Codings
import Codings

/// Any bytes as a compressed body, in pieces of any length: an error or an end, and never more than the limit; what
/// was decoded comes back from the encoder unchanged.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzz(_ data: UnsafePointer<UInt8>, _ size: Int) -> CInt {
    guard size > 2 else { return 0 }
    let coding = ContentCoding.allCases[Int(data[0]) % ContentCoding.allCases.count]
    let step = Int(data[1]) + 1
    let input = Array(UnsafeBufferPointer(start: data + 2, count: size - 2))
    let limit = 1 << 20
    var output: [UInt8] = []
    do {
        let decoder = try ContentDecoder(coding, limit: limit)
        var start = 0
        while start < input.count {
            let end = min(input.count, start + step)
            try decoder.decode(input.span.extracting(start..<end), into: &output)
            start = end
        }
    } catch {
        precondition(output.count <= limit + (64 << 10), "a decoder passed its limit")
        return 0
    }
    precondition(comesBack(output, coding), "a body does not come back")
    return 0
}

private func comesBack(_ body: [UInt8], _ coding: ContentCoding) -> Bool {
    do {
        var bytes: [UInt8] = []
        let encoder = try ContentEncoder(coding, level: 1)
        try encoder.encode(body.span, into: &bytes)
        try encoder.finish(into: &bytes)
        var back: [UInt8] = []
        let decoder = try ContentDecoder(coding, limit: body.count)
        try decoder.decode(bytes.span, into: &back)
        return decoder.isComplete && back == body
    } catch {
        return false
    }
}
