import Bytes

/// Calls of built-in functions. Arguments are evaluated where they are needed, so that a call makes no list of them.
extension Machine {
    /// The arguments of one call.
    struct Arguments {
        let children: Children
        let program: ESIProgram

        var count: Int { Int(children.count) }
    }

    mutating func argument(
        _ index: Int32, _ arguments: Arguments, _ page: inout Page
    ) throws(ESIFault) -> Value {
        guard index < arguments.children.count else { return .undefined }
        return try evaluate(arguments.program.child(arguments.children, index), arguments.program, &page)
    }

    mutating func text(_ index: Int32, _ arguments: Arguments, _ page: inout Page) throws(ESIFault) -> Text {
        try argument(index, arguments, &page).asText
    }

    /// An integer, or text that spells one.
    mutating func number(
        _ index: Int32, _ arguments: Arguments, _ page: inout Page, _ function: StaticString
    ) throws(ESIFault) -> Int64 {
        let value = try argument(index, arguments, &page)
        guard let integer = value.integer else { throw .notInteger(value, "$\(function)") }
        return integer
    }

    mutating func call(
        _ function: Function, _ children: Children, _ program: ESIProgram, _ page: inout Page
    ) throws(ESIFault) -> Value {
        let arguments = Arguments(children: children, program: program)
        switch function {
        case .lower, .upper, .strip, .lstrip, .rstrip, .substr, .replace, .str, .index, .rindex:
            return try callText(function, arguments, &page)
        case .len, .join, .stringSplit, .listDelitem, .exists, .isEmpty, .int, .binInt:
            return try callCollection(function, arguments, &page)
        case .htmlEncode, .htmlDecode, .urlEncode, .urlDecode, .base64Encode, .base64Decode, .convertToUnicode,
            .convertFromUnicode, .dollar, .dquote, .squote, .raw:
            return try callEncoding(function, arguments, &page)
        case .digestMd5, .digestMd5Hex, .digestSha1, .digestSha1Hex, .digestSha256, .digestSha256Hex:
            return try callDigest(function, arguments, &page)
        case .time, .httpTime, .strftime, .rand, .lastRand:
            return try callTime(function, arguments, &page)
        case .addHeader, .setResponseCode, .setRedirect, .addCachebustingHeader:
            return try callResponse(function, arguments, &page)
        }
    }

    private mutating func callDigest(
        _ function: Function, _ arguments: Arguments, _ page: inout Page
    ) throws(ESIFault) -> Value {
        let text = try text(0, arguments, &page)
        let digest: Digest
        switch function {
        case .digestMd5, .digestMd5Hex: digest = .md5
        case .digestSha1, .digestSha1Hex: digest = .sha1
        default: digest = .sha256
        }
        var bytes: [UInt8] = []
        switch function {
        case .digestMd5Hex, .digestSha1Hex, .digestSha256Hex:
            digest.appendHexadecimal(of: text.span, to: &bytes)
            return .text(Text(bytes))
        default: digest.append(of: text.span, to: &bytes)
        }
        // As the dialect has it: integers of 32 bits, the lowest byte first.
        return .list(
            stride(from: 0, to: bytes.count, by: 4).map { start in
                var word: UInt32 = 0
                for offset in 0..<4 { word |= UInt32(bytes[start + offset]) << UInt32(8 * offset) }
                return .integer(Int64(Int32(bitPattern: word)))
            })
    }
}
