/// The directives of Cache-Control, in a request or a response (RFC 9111 §5.2, RFC 5861, RFC 8246).
///
/// Reading is forgiving in form and safe in meaning: names in any case, quoted or bare arguments, unknown directives
/// ignored, a repeated number counts with its smallest value, a malformed number as 0 (stale), a huge one as 2³¹.
public struct CacheControl: Sendable, Equatable {
    public struct Flags: OptionSet, Sendable {
        public let rawValue: UInt16
        public init(rawValue: UInt16) { self.rawValue = rawValue }

        public static let noStore = Flags(rawValue: 1 << 0)
        /// `no-cache` without field names.
        public static let noCache = Flags(rawValue: 1 << 1)
        /// `private` without field names.
        public static let isPrivate = Flags(rawValue: 1 << 2)
        public static let isPublic = Flags(rawValue: 1 << 3)
        public static let mustRevalidate = Flags(rawValue: 1 << 4)
        public static let proxyRevalidate = Flags(rawValue: 1 << 5)
        public static let noTransform = Flags(rawValue: 1 << 6)
        public static let onlyIfCached = Flags(rawValue: 1 << 7)
        public static let immutable = Flags(rawValue: 1 << 8)
        public static let mustUnderstand = Flags(rawValue: 1 << 9)
        /// `max-stale` without a number: any staleness is fine.
        public static let anyStale = Flags(rawValue: 1 << 10)
    }

    public var flags: Flags = []
    /// All in seconds, 0 to 2³¹.
    public var maxAge: Int64?
    public var sharedMaxAge: Int64?
    public var minFresh: Int64?
    public var maxStale: Int64?
    public var staleWhileRevalidate: Int64?
    public var staleIfError: Int64?
    /// Lower-cased field names of `no-cache="…"` and `private="…"`: a shared cache keeps the response without them.
    public var withheldFields: [[UInt8]] = []

    /// No directive at all was there.
    public private(set) var isEmpty = true
    /// It stands in a targeted field, so that Cache-Control and Expires don't count (RFC 9213 §2.2).
    public private(set) var isTargeted = false

    public init() {}

    /// Reads all Cache-Control lines of a head.
    public init(_ block: borrowing HeaderBlock, header: KnownHeader = .cacheControl) {
        guard block.contains(header) else { return }
        for field in block.fields where field.id == header {
            parse(block.slice(field.value))
        }
    }

    public init(_ value: Span<UInt8>) { parse(value) }

    /// The directives that count for a CDN's cache: those of CDN-Cache-Control if it is there, not empty and a well-formed
    /// dictionary with values of the right type (RFC 9213 §2), else the `max-age` and `no-store` of Surrogate-Control,
    /// else those of Cache-Control.
    public static func forCDN(_ block: HeaderBlock) -> CacheControl {
        if block.contains(.cdnCacheControl), let targeted = CacheControl(targeted: block, .cdnCacheControl) {
            return targeted
        }
        if block.contains(.surrogateControl), let surrogate = CacheControl(SurrogateControl(block)) { return surrogate }
        return CacheControl(block)
    }

    /// Whether one of the fields that say what caches may do says `no-transform`.
    public static func forbidsTransforming(_ block: HeaderBlock) -> Bool {
        // Asked of each answer that could be compressed; most fields are too short to say it.
        let isPossible = (block.value(of: .cacheControl)?.count ?? 0) >= 12 || block.count(of: .cacheControl) > 1
        if isPossible, CacheControl(block).flags.contains(.noTransform) { return true }
        return block.contains(.cdnCacheControl) && forCDN(block).flags.contains(.noTransform)
    }

    private init?(_ surrogate: SurrogateControl) {
        guard surrogate.isNoStore || surrogate.maxAge != nil else { return nil }
        if surrogate.isNoStore { flags.insert(.noStore) }
        maxAge = surrogate.maxAge
        staleWhileRevalidate = surrogate.staleSeconds
        staleIfError = surrogate.staleSeconds
        isEmpty = false
        isTargeted = true
    }

    private init?(targeted block: HeaderBlock, _ header: KnownHeader) {
        guard let dictionary = StructuredDictionary(block, header), !dictionary.members.isEmpty else { return nil }
        for (key, value) in dictionary.members {
            switch value {
            // "?0" is as if the directive weren't there.
            case .boolean(false): continue
            case .boolean(true):
                guard !CacheControl.needsSeconds(key.span) else { return nil }
                take(key.span, nil)
            case .integer(let number):
                guard CacheControl.needsSeconds(key.span), number >= 0 else { return nil }
                take(key.span, Array("\(number)".utf8))
            case .string(let text) where CacheControl.namesFields(key.span): take(key.span, text)
            case .string, .token, .strings, .other:
                guard !CacheControl.isKnown(key.span) else { return nil }
            }
        }
        isEmpty = false
        isTargeted = true
    }

    private static func needsSeconds(_ key: Span<UInt8>) -> Bool {
        ["max-age", "s-maxage", "stale-while-revalidate", "stale-if-error"].contains { key.equalsIgnoringCase($0) }
    }

    private static func namesFields(_ key: Span<UInt8>) -> Bool {
        ["no-cache", "private"].contains { key.equalsIgnoringCase($0) }
    }

    private static func isKnown(_ key: Span<UInt8>) -> Bool {
        needsSeconds(key) || namesFields(key)
            || ["no-store", "public", "must-revalidate", "proxy-revalidate"].contains { key.equalsIgnoringCase($0) }
    }

    private mutating func parse(_ value: Span<UInt8>) {
        var list = ListElements(value)
        while let element = list.next() {
            isEmpty = false
            let text = list.slice(element)
            let nameEnd = text.firstOf(0x3D) ?? text.count
            let argument = nameEnd < text.count ? QuotedText.unquote(text.extracting((nameEnd + 1)...)) : nil
            take(text.extracting(0..<nameEnd), argument)
        }
    }

    private mutating func take(_ name: Span<UInt8>, _ argument: [UInt8]?) {
        switch name.count {
        case 6 where name.equalsIgnoringCase("public"): flags.insert(.isPublic)
        case 7 where name.equalsIgnoringCase("max-age"): CacheControl.lower(&maxAge, argument)
        case 7 where name.equalsIgnoringCase("private"): take(.isPrivate, fields: argument)
        case 8 where name.equalsIgnoringCase("s-maxage"): CacheControl.lower(&sharedMaxAge, argument)
        case 8 where name.equalsIgnoringCase("no-store"): flags.insert(.noStore)
        case 8 where name.equalsIgnoringCase("no-cache"): take(.noCache, fields: argument)
        case 9 where name.equalsIgnoringCase("min-fresh"): CacheControl.lower(&minFresh, argument)
        case 9 where name.equalsIgnoringCase("immutable"): flags.insert(.immutable)
        case 9 where name.equalsIgnoringCase("max-stale"):
            if argument == nil { flags.insert(.anyStale) } else { CacheControl.lower(&maxStale, argument) }
        case 12 where name.equalsIgnoringCase("no-transform"): flags.insert(.noTransform)
        case 14 where name.equalsIgnoringCase("only-if-cached"): flags.insert(.onlyIfCached)
        case 14 where name.equalsIgnoringCase("stale-if-error"): CacheControl.lower(&staleIfError, argument)
        case 15 where name.equalsIgnoringCase("must-revalidate"): flags.insert(.mustRevalidate)
        case 15 where name.equalsIgnoringCase("must-understand"): flags.insert(.mustUnderstand)
        case 16 where name.equalsIgnoringCase("proxy-revalidate"): flags.insert(.proxyRevalidate)
        case 22 where name.equalsIgnoringCase("stale-while-revalidate"):
            CacheControl.lower(&staleWhileRevalidate, argument)
        default: break
        }
    }

    /// A directive that may name fields: without names it is about the whole response.
    private mutating func take(_ flag: Flags, fields argument: [UInt8]?) {
        guard let argument, !argument.isEmpty else {
            flags.insert(flag)
            return
        }
        var list = ListElements(argument.span)
        while let element = list.next() {
            guard withheldFields.count < 32 else {
                flags.insert(flag)
                return
            }
            withheldFields.append(argument[element].map(\.asciiLowercased))
        }
    }

    private static func lower(_ value: inout Int64?, _ argument: [UInt8]?) {
        let number = argument.flatMap { DeltaSeconds.parse($0.span) } ?? 0
        value = min(value ?? .max, number)
    }
}

/// Non-negative seconds (RFC 9111 §1.2.2).
public enum DeltaSeconds {
    /// What a number too large to represent counts as.
    public static let maximum: Int64 = 1 << 31

    /// Nil if it isn't all digits.
    public static func parse(_ bytes: Span<UInt8>) -> Int64? {
        guard bytes.count > 0 else { return nil }
        var number: Int64 = 0
        var index = 0
        while index < bytes.count {
            guard ByteClass.isDigit(bytes[index]) else { return nil }
            number = min(number * 10 + Int64(bytes[index] &- 0x30), maximum)
            index += 1
        }
        return number
    }
}
