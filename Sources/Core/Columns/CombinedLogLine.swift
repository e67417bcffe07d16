import Bytes

/// Where the parts of one access log line lie:
/// `client identity user [date] "method target version" status bytes` and, in the combined format,
/// ` "referrer" "user agent"`. What stands behind that is left alone.
struct CombinedLogLine {
    var client = 0..<0
    var user = 0..<0
    /// Microseconds since 1970.
    var timestamp: Int64 = 0
    /// These are `nil` when the request line is not one of HTTP.
    var method: Range<Int>?
    var path: Range<Int>?
    var query: Range<Int>?
    var version: Range<Int>?
    /// The target, or the whole request line when it is not one of HTTP.
    var target: Range<Int>?
    var status: Int64 = 0
    var bytes: Int64?
    var referrer: Range<Int>?
    var userAgent: Range<Int>?

    /// `nil` when the line is of another form.
    init?(_ line: Span<UInt8>) {
        let space = UInt8(ascii: " ")
        guard let clientEnd = line.firstIndex(of: space), clientEnd > 0,
            let identityEnd = line.firstIndex(of: space, from: clientEnd + 1),
            let bracket = line.firstIndex(of: UInt8(ascii: "["), from: identityEnd + 1), bracket > identityEnd + 1,
            line[bracket - 1] == space, bracket + 30 <= line.count, line[bracket + 27] == UInt8(ascii: "]"),
            let time = TimeParser.commonLog(line.extracting(bracket + 1..<bracket + 27)),
            line[bracket + 28] == space, line[bracket + 29] == UInt8(ascii: "\"")
        else { return nil }
        client = 0..<clientEnd
        user = identityEnd + 1..<bracket - 1
        timestamp = time
        let requestStart = bracket + 30
        guard let requestEnd = Self.closingQuote(line, from: requestStart), requestEnd + 1 < line.count,
            line[requestEnd + 1] == space, let statusEnd = line.firstIndex(of: space, from: requestEnd + 2),
            let status = NumberParser.int64(line.extracting(requestEnd + 2..<statusEnd)), status >= 0, status < 1000
        else { return nil }
        self.status = status
        let bytesEnd = line.firstIndex(of: space, from: statusEnd + 1) ?? line.count
        let size = line.extracting(statusEnd + 1..<bytesEnd)
        bytes = NumberParser.int64(size)
        guard bytes != nil || size.isEqual(to: "-") else { return nil }
        splitRequest(line, requestStart..<requestEnd)
        guard bytesEnd < line.count else { return }
        guard bytesEnd + 1 < line.count, line[bytesEnd + 1] == UInt8(ascii: "\""),
            let referrerEnd = Self.closingQuote(line, from: bytesEnd + 2), referrerEnd + 2 < line.count,
            line[referrerEnd + 1] == space, line[referrerEnd + 2] == UInt8(ascii: "\""),
            let agentEnd = Self.closingQuote(line, from: referrerEnd + 3)
        else { return nil }
        referrer = bytesEnd + 2..<referrerEnd
        userAgent = referrerEnd + 3..<agentEnd
    }

    private mutating func splitRequest(_ line: Span<UInt8>, _ range: Range<Int>) {
        let request = line.extracting(..<range.upperBound)
        let space = UInt8(ascii: " ")
        guard let methodEnd = request.firstIndex(of: space, from: range.lowerBound), methodEnd > range.lowerBound,
            Self.isToken(request.extracting(range.lowerBound..<methodEnd))
        else {
            target = range
            return
        }
        // A target may hold blanks that the client did not encode; the version is behind the last one.
        var targetEnd = range.upperBound
        let tail = range.upperBound - 9
        if tail > methodEnd, request.extracting(tail..<tail + 6).isEqual(to: " HTTP/") {
            targetEnd = tail
            version = tail + 6..<range.upperBound
        }
        method = range.lowerBound..<methodEnd
        let start = methodEnd + 1
        target = start..<max(start, targetEnd)
        let whole = request.extracting(..<max(start, targetEnd))
        if let mark = whole.firstIndex(of: UInt8(ascii: "?"), from: start) {
            path = start..<mark
            query = mark + 1..<targetEnd
        } else {
            path = target
        }
    }

    /// RFC 9110, section 5.6.2, letters only, which is what methods are made of.
    private static func isToken(_ text: Span<UInt8>) -> Bool {
        if text.count > 32 { return false }
        for index in 0..<text.count {
            let letter = (text[index] | 0x20) &- 97
            if letter > 25, text[index] != UInt8(ascii: "-"), text[index] != UInt8(ascii: "_") { return false }
        }
        return true
    }

    /// The quote that is not escaped by a backslash.
    private static func closingQuote(_ line: Span<UInt8>, from start: Int) -> Int? {
        var index = start
        while let found = line.firstIndex(ofEither: UInt8(ascii: "\""), or: UInt8(ascii: "\\"), from: index) {
            if line[found] == UInt8(ascii: "\"") { return found }
            index = found + 2
            if index > line.count { return nil }
        }
        return nil
    }

    /// Appends what Apache's and nginx's escapes stand for: `\"`, `\\`, `\n`, `\t`, `\r`, `\xHH`. Others stay as they are.
    static func unescape(_ text: Span<UInt8>, to buffer: inout [UInt8]) {
        var index = 0
        while index < text.count {
            let byte = text[index]
            guard byte == UInt8(ascii: "\\"), index + 1 < text.count else {
                buffer.append(byte)
                index += 1
                continue
            }
            index += 2
            switch text[index - 1] {
            case UInt8(ascii: "\""): buffer.append(0x22)
            case UInt8(ascii: "\\"): buffer.append(0x5c)
            case UInt8(ascii: "n"): buffer.append(0x0a)
            case UInt8(ascii: "r"): buffer.append(0x0d)
            case UInt8(ascii: "t"): buffer.append(0x09)
            case UInt8(ascii: "x"):
                guard index + 1 < text.count, let high = hex(text[index]), let low = hex(text[index + 1]) else {
                    fallthrough
                }
                buffer.append(high << 4 | low)
                index += 2
            default:
                buffer.append(0x5c)
                buffer.append(text[index - 1])
            }
        }
    }

    private static func hex(_ byte: UInt8) -> UInt8? {
        if byte &- 48 < 10 { return byte &- 48 }
        let letter = (byte | 0x20) &- 97
        return letter < 6 ? letter + 10 : nil
    }
}
