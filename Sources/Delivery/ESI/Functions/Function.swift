/// The built-in functions. A case is named as the dialect names the function, in camel case.
enum Function: UInt8, CaseIterable {
    // Text.
    case lower, upper, strip, lstrip, rstrip, substr, replace, str, len, index, rindex
    case join, stringSplit, listDelitem, exists, isEmpty, int, binInt
    // Encodings.
    case htmlEncode, htmlDecode, urlEncode, urlDecode, base64Encode, base64Decode
    case convertToUnicode, convertFromUnicode, dollar, dquote, squote, raw
    // Digests.
    case digestMd5, digestMd5Hex, digestSha1, digestSha1Hex, digestSha256, digestSha256Hex
    // Time and chance.
    case time, httpTime, strftime, rand, lastRand
    // The response's head.
    case addHeader, setResponseCode, setRedirect, addCachebustingHeader

    /// As it is written: `string_split`.
    var name: [UInt8] { Function.names[Int(rawValue)] }

    private static let names: [[UInt8]] = allCases.map { function in
        var out: [UInt8] = []
        for byte in "\(function)".utf8 {
            if byte.isUpper { out.append(0x5F) }
            out.append(byte.lowered)
        }
        return out
    }

    private static let byName: [[UInt8]: Function] = Dictionary(
        uniqueKeysWithValues: allCases.map { ($0.name, $0) })

    init?(name: [UInt8]) {
        guard let known = Function.byName[name] else { return nil }
        self = known
    }

    /// How many arguments it takes.
    var arity: ClosedRange<Int> {
        switch self {
        case .dollar, .dquote, .squote, .time, .lastRand, .addCachebustingHeader: 0...0
        case .rand, .httpTime: 0...1
        case .substr: 2...3
        case .replace: 3...4
        case .join: 1...2
        case .stringSplit: 1...3
        case .index, .rindex, .listDelitem, .strftime, .addHeader: 2...2
        case .setResponseCode: 1...2
        case .setRedirect: 1...2
        default: 1...1
        }
    }

    /// Changes the head of the response, which must not have been sent by then.
    var changesHead: Bool {
        switch self {
        case .addHeader, .setResponseCode, .setRedirect, .addCachebustingHeader: true
        default: false
        }
    }
}

extension UInt8 {
    fileprivate var isUpper: Bool { self &- 0x41 < 26 }
}
