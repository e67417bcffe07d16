import Bytes
import Codings
import HTTPWire

/// `Accept-Encoding` (RFC 9110 §12.5.3).
enum AcceptEncoding {
    /// The known codings that the client takes at all, in one order, or `identity` alone.
    static func append(taken block: HeaderBlock, to value: inout [UInt8]) {
        let (weights, any, _) = read(block)
        for coding in ContentCoding.allCases where weights[Int(coding.rawValue)] ?? any ?? 0 > 0 {
            if !value.isEmpty { value.append(contentsOf: ", ".utf8) }
            value.append(contentsOf: coding.token.utf8)
        }
        if value.isEmpty { value.append(contentsOf: "identity".utf8) }
    }

    /// The coding that the client likes best, of those that it likes equally the first of `codings`; nil is none.
    static func choose(_ block: HeaderBlock, among codings: [ContentCoding]) -> ContentCoding? {
        guard block.contains(.acceptEncoding) else { return nil }
        let (weights, any, identity) = read(block)
        var best: (coding: ContentCoding, weight: Int)?
        for coding in codings {
            let weight = weights[Int(coding.rawValue)] ?? any ?? 0
            if weight > (best?.weight ?? 0) { best = (coding, weight) }
        }
        guard let best, best.weight >= identity ?? 0 else { return nil }
        return best.coding
    }

    /// Weights by coding, of "*", and of `identity`.
    private static func read(_ block: HeaderBlock) -> (codings: [Int?], any: Int?, identity: Int?) {
        var weights = [Int?](repeating: nil, count: ContentCoding.allCases.count)
        var any: Int?
        var identity: Int?
        for field in block.fields where field.id == .acceptEncoding {
            var list = ListElements(block.slice(field.value))
            while let range = list.next() {
                let (name, weight) = WeightedElement.split(list.slice(range))
                let token = list.slice(range).extracting(0..<name)
                if token.count == 1, token[0] == 0x2A {
                    any = weight
                } else if token.equalsIgnoringCase("identity") {
                    identity = weight
                } else if let coding = ContentCoding(token: token) {
                    weights[Int(coding.rawValue)] = weight
                }
            }
        }
        return (weights, any, identity)
    }
}
