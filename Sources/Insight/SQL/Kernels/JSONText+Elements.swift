extension JSONText {
    /// Calls `body` with each element of the array, or member of the object, that `text` is: where its name stands without
    /// its quotes, and where its value does. Stops where the text is broken, or `body` says false; anything else than an
    /// array or object has no elements.
    static func forEachElement(_ text: Span<UInt8>, _ body: (_ key: Range<Int>?, _ value: Range<Int>) -> Bool) {
        var index = skipBlanks(text, 0)
        let first = byte(text, index)
        guard first == UInt8(ascii: "[") || first == UInt8(ascii: "{") else { return }
        let isObject = first == UInt8(ascii: "{")
        let close = isObject ? UInt8(ascii: "}") : UInt8(ascii: "]")
        index = skipBlanks(text, index + 1)
        if byte(text, index) == close { return }
        while true {
            var key: Range<Int>?
            if isObject {
                guard let end = skipString(text, index), end <= text.count else { return }
                key = (index + 1)..<(end - 1)
                index = skipBlanks(text, end)
                guard byte(text, index) == UInt8(ascii: ":") else { return }
                index = skipBlanks(text, index + 1)
            }
            guard let end = skipValue(text, index), end <= text.count, body(key, index..<end) else { return }
            index = skipBlanks(text, end)
            guard byte(text, index) == UInt8(ascii: ",") else { return }
            index = skipBlanks(text, index + 1)
        }
    }
}

/// The elements of JSON texts, for who repeats rows by them.
public enum JSONElements {
    /// Calls `body` for each element of an array, or member of an object. What is neither has none.
    ///
    /// - Parameter body: gets the member's name, unescaped, and the value without blanks between its parts; `nil` for a name
    ///   where there is none, and for a value that is JSON's null.
    public static func forEach(in text: Span<UInt8>, _ body: (_ key: [UInt8]?, _ value: [UInt8]?) -> Void) {
        JSONText.forEachElement(text) { key, value in
            var name: [UInt8]?
            if let key {
                var plain: [UInt8] = []
                name = JSONText.unescape(text.extracting(key), to: &plain) ? plain : nil
            }
            var compact: [UInt8] = []
            body(name, JSONText.appendElement(text.extracting(value), to: &compact) ? compact : nil)
            return true
        }
    }
}
