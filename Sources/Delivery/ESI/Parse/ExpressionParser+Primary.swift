import Bytes

/// Literals, variables and calls.
extension ExpressionParser {
    mutating func parsePrimary() throws(ESIFault) -> Int32 {
        skipBlanks()
        guard let byte = current else { throw unexpected("a value") }
        switch byte {
        case UInt8(ascii: "("):
            position += 1
            let inner = try parseOr()
            guard take(")") else { throw unexpected("“)”") }
            return inner
        case UInt8(ascii: "["): return try parseList()
        case UInt8(ascii: "{"): return try parseDictionary()
        case UInt8(ascii: "'"), UInt8(ascii: "\""): return try parseText()
        case UInt8(ascii: "$"): return try parseDollar()
        case 48...57: return try parseInteger()
        default:
            if takeWord("true") { return builder.add(.bool(true)) }
            if takeWord("false") { return builder.add(.bool(false)) }
            throw unexpected("a value")
        }
    }

    private mutating func parseInteger() throws(ESIFault) -> Int32 {
        let start = position
        while let byte = current, byte.isDigit { position += 1 }
        if let byte = current, byte.isNameByte { throw unexpected("an operator") }
        guard let value = Text(source[start..<position]).integer else {
            throw ESIFault(
                .markup, "overflow", "\(String(decoding: source[start..<position], as: UTF8.self)) is over 64 bits")
        }
        return builder.add(.integer(value))
    }

    /// `'…'` with backslashes before what is meant as it is, or `'''…'''` without.
    private mutating func parseText() throws(ESIFault) -> Int32 {
        let quote = source[position]
        if at("'''") {
            let start = position + 3
            position = start
            while position < end, !at("'''") { position += 1 }
            guard position < end else { throw ESIFault(.markup, "open_string", "a ''' string does not end") }
            let slice = builder.keep(Array(source[start..<position]))
            position += 3
            return builder.add(.text(slice))
        }
        position += 1
        var bytes: [UInt8] = []
        while let byte = current, byte != quote {
            if byte == UInt8(ascii: "\\"), position + 1 < end { position += 1 }
            bytes.append(source[position])
            position += 1
        }
        guard position < end else { throw ESIFault(.markup, "open_string", "a string does not end") }
        position += 1
        return builder.addText(bytes)
    }

    /// `[a, b]`, or the range `[a..b]`.
    private mutating func parseList() throws(ESIFault) -> Int32 {
        position += 1
        if take("]") { return builder.add(.list(.none)) }
        var items = [try parseOr()]
        if take("..") {
            let last = try parseOr()
            guard take("]") else { throw unexpected("“]”") }
            return builder.add(.range(items[0], last))
        }
        while take(",") {
            skipBlanks()
            if current == UInt8(ascii: "]") { break }
            items.append(try parseOr())
        }
        guard take("]") else { throw unexpected("“,” or “]”") }
        return builder.add(.list(builder.add(children: items)))
    }

    private mutating func parseDictionary() throws(ESIFault) -> Int32 {
        position += 1
        var items: [Int32] = []
        if take("}") { return builder.add(.dictionary(.none)) }
        repeat {
            skipBlanks()
            if current == UInt8(ascii: "}"), !items.isEmpty { break }
            items.append(try parseOr())
            guard take(":") else { throw unexpected("“:”") }
            items.append(try parseOr())
        } while take(",")
        guard take("}") else { throw unexpected("“,” or “}”") }
        return builder.add(.dictionary(builder.add(children: items)))
    }

    /// `$(variable)` or `$function(…)`.
    mutating func parseDollar() throws(ESIFault) -> Int32 {
        position += 1
        if current == UInt8(ascii: "(") { return try parseVariable() }
        guard let name = takeName() else { throw unexpected("“(” or the name of a function") }
        guard current == UInt8(ascii: "(") else { throw unexpected("“(”") }
        position += 1
        var arguments: [Int32] = []
        if !take(")") {
            repeat { arguments.append(try parseOr()) } while take(",")
            guard take(")") else { throw unexpected("“,” or “)”") }
        }
        let children = builder.add(children: arguments)
        guard let function = Function(name: name) else {
            builder.effects += 1
            return builder.add(.callNamed(builder.name(name), arguments: children))
        }
        guard function.arity.contains(arguments.count) else {
            let wanted =
                function.arity.count == 1
                ? "\(function.arity.lowerBound)"
                : "\(function.arity.lowerBound) to \(function.arity.upperBound)"
            throw ESIFault(
                .markup, "arguments",
                "$\(String(decoding: name, as: UTF8.self)) takes \(wanted) arguments, not \(arguments.count)")
        }
        if function.changesHead {
            builder.changesHead = true
            builder.effects += 1
        }
        return builder.add(.call(function, arguments: children))
    }

    /// `(NAME{key}|default)`, from the parenthesis on.
    private mutating func parseVariable() throws(ESIFault) -> Int32 {
        position += 1
        skipBlanks()
        guard let first = current, first.isLetter || first == 0x5F else { throw unexpected("the name of a variable") }
        let start = position
        while let byte = current, byte.isNameByte || byte == UInt8(ascii: "-") { position += 1 }
        let name = Array(source[start..<position])
        var keys: [Int32] = []
        skipBlanks()
        while current == UInt8(ascii: "{") { keys.append(try parseKey()) }
        var fallback: Int32 = -1
        if take("|") { fallback = try parseDefault() }
        guard take(")") else { throw unexpected("“)”") }
        let variable = VariableName(name, &builder)
        return builder.add(.variable(variable, keys: builder.add(children: keys), default: fallback))
    }

    /// `{key}`: an expression, or a word as it is.
    mutating func parseKey() throws(ESIFault) -> Int32 {
        position += 1
        skipBlanks()
        if let byte = current, byte == UInt8(ascii: "'") || byte == UInt8(ascii: "$") || byte == UInt8(ascii: "\"") {
            let key = try parseOr()
            guard take("}") else { throw unexpected("“}”") }
            return key
        }
        let start = position
        while let byte = current, byte != UInt8(ascii: "}") { position += 1 }
        guard position < end else { throw unexpected("“}”") }
        var last = position
        while last > start, source[last - 1].isBlank { last -= 1 }
        guard last > start else { throw unexpected("a key") }
        position += 1
        return builder.addText(Array(source[start..<last]))
    }

    /// What follows `|`: an expression, or words as they are up to the parenthesis.
    private mutating func parseDefault() throws(ESIFault) -> Int32 {
        skipBlanks()
        let start = position
        do throws(ESIFault) {
            let expression = try parseOr()
            skipBlanks()
            if current == UInt8(ascii: ")") { return expression }
        } catch {
            guard error.kind == .markup else { throw error }
        }
        // Nodes of the attempt stay behind unused.
        position = start
        while let byte = current, byte != UInt8(ascii: ")") { position += 1 }
        return builder.addText(Array(source[start..<position]))
    }
}

extension VariableName {
    init(_ name: [UInt8], _ builder: inout ProgramBuilder) {
        switch String(decoding: name, as: UTF8.self) {
        case "ARGS": self = .arguments
        case "MATCHES": self = .matches
        case "HTTP_ACCEPT_LANGUAGE": self = .acceptLanguage
        case "HTTP_COOKIE": self = .cookie
        case "HTTP_HOST": self = .host
        case "HTTP_REFERER": self = .referer
        case "HTTP_USER_AGENT": self = .userAgent
        case "QUERY_STRING": self = .queryString
        case "REQUEST_METHOD": self = .requestMethod
        case "REQUEST_PATH": self = .requestPath
        case "REMOTE_ADDR": self = .remoteAddress
        case "GEO": self = .geography
        case "TRAFFIC_INFO": self = .trafficInfo
        case let text where text.hasPrefix("HTTP_") && name.count > 5:
            self = .field(name: builder.name(name.dropFirst(5).map { $0 == 0x5F ? 0x2D : $0.lowered }))
        default: self = .user(name: builder.name(name))
        }
    }
}
