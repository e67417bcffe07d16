/// Why a line is no JSON object.
enum JSONFault: Error {
    case notAnObject, expectedKey, expectedColon, expectedCommaOrEnd, badValue, badNumber, badEscape, tooDeep,
        tooManyKeys
    case lineEnds, trailing, string, utf8, tooLong, memory

    var reason: String {
        switch self {
        case .notAnObject: "a JSON object must begin here"
        case .expectedKey: "expected a key in quotes"
        case .expectedColon: "expected a colon after the key"
        case .expectedCommaOrEnd: "expected a comma or the end of the object or array"
        case .badValue: "expected a value"
        case .badNumber: "not a JSON number"
        case .badEscape: "not a JSON escape"
        case .tooDeep: "nested too deeply"
        case .tooManyKeys: "too many keys"
        case .lineEnds: "the line ends within the object"
        case .trailing: "more after the object's end"
        case .string: "a string without end, or with a control character in it"
        case .utf8: "not UTF-8"
        case .tooLong: "too long a line"
        case .memory: "no memory to read it"
        }
    }
}
