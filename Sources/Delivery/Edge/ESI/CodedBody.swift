import Bytes
import Codings
import ESI
import HTTPWire

/// How the body of a page or fragment came.
enum BodyCoding {
    case plain
    case coded(ContentCoding)
    /// In a coding that the edge does not know, or in several on top of each other.
    case unknown

    var isUnknown: Bool {
        if case .unknown = self { true } else { false }
    }

    /// By `Content-Encoding`.
    init(_ block: HeaderBlock) {
        self = .plain
        for field in block.fields where field.id == .contentEncoding {
            var list = ListElements(block.slice(field.value))
            while let range = list.next() {
                let token = list.slice(range)
                if token.equalsIgnoringCase("identity") { continue }
                guard case .plain = self, let coding = ContentCoding(token: token) else {
                    self = .unknown
                    return
                }
                self = .coded(coding)
            }
        }
    }
}

/// Takes a page or fragment apart that came compressed, within bounds.
final class CodedBody {
    private let decoder: ContentDecoder
    private var isEmpty = true
    /// Compressed bytes that are taken apart in one step, so that a step has bounded output.
    private static let stepBytes = 4 << 10

    init(_ coding: ContentCoding, settings: EdgeESISettings) throws(ESIFault) {
        do throws(CodingError) {
            decoder = try ContentDecoder(
                coding, limit: settings.maximumDecodedBytes, maximumRatio: settings.maximumDecodedRatio)
        } catch {
            throw ESIFault(.limit, "decoding", error.message)
        }
    }

    /// Hands out what a piece stands for, in pieces.
    func decode(_ bytes: Span<UInt8>, _ take: ([UInt8]) -> Void) throws(ESIFault) {
        var start = 0
        while start < bytes.count {
            isEmpty = false
            let end = min(bytes.count, start + CodedBody.stepBytes)
            var out: [UInt8] = []
            do throws(CodingError) {
                try decoder.decode(bytes.extracting(start..<end), into: &out)
            } catch {
                throw error.isLimit
                    ? ESIFault(
                        .limit, "decoded_bytes", "\(error.message) (esi.max_decoded_bytes, esi.max_decoded_ratio)")
                    : ESIFault(.network, "bad_coding", error.message, status: 502)
            }
            if !out.isEmpty { take(out) }
            start = end
        }
    }

    /// The compressed body is at its end.
    func finish() throws(ESIFault) {
        guard isEmpty || decoder.isComplete else {
            throw ESIFault(.network, "bad_coding", "the compressed body ends too early", status: 502)
        }
    }
}
