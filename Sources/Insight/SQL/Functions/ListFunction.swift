/// A function over ARRAY, MAP and JSON values. What it gives depends on what is inside of them.
struct ListFunction {
    enum Kind {
        /// ARRAY or JSON.
        case list
        /// MAP or JSON.
        case map
        /// Any of them.
        case container
        /// A value that an element may have.
        case element
        case integer
        case boolean
        case text
    }

    enum Result {
        case fixed(SQLType)
        /// The type that the lists among the arguments meet in.
        case list
        /// The type that all arguments meet in.
        case common
        /// What is inside of the first argument.
        case element
        /// A list of the keys of a map, of its values, of rows of both.
        case keys
        case values
        case entries
        /// A map of the elements of two lists.
        case map
    }

    let function: ScalarFunction
    let parameters: [Kind]
    var optional = 0
    var isVariadic = false
    let result: Result

    static let table: [String: ListFunction] = [
        "CARDINALITY": .init(function: .cardinality, parameters: [.container], result: .fixed(.integer)),
        "ARRAY_CONTAINS": .init(function: .arrayContains, parameters: [.list, .element], result: .fixed(.boolean)),
        "ARRAY_POSITION": .init(function: .arrayPosition, parameters: [.list, .element], result: .fixed(.integer)),
        "ARRAY_DISTINCT": .init(function: .arrayDistinct, parameters: [.list], result: .list),
        "ARRAY_REVERSE": .init(function: .arrayReverse, parameters: [.list], result: .list),
        "ARRAY_SORT": .init(
            function: .arraySort, parameters: [.list, .boolean, .boolean], optional: 2, result: .list),
        "ARRAY_MAX": .init(function: .arrayMax, parameters: [.list], result: .element),
        "ARRAY_MIN": .init(function: .arrayMin, parameters: [.list], result: .element),
        "ARRAY_CONCAT": .init(function: .arrayConcat, parameters: [.list], isVariadic: true, result: .list),
        "ARRAY_REMOVE": .init(function: .arrayRemove, parameters: [.list, .element], result: .list),
        "ARRAY_SLICE": .init(
            function: .arraySlice, parameters: [.list, .integer, .integer], optional: 1, result: .list),
        "ARRAY_UNION": .init(function: .arrayUnion, parameters: [.list, .list], result: .list),
        "ARRAY_EXCEPT": .init(function: .arrayExcept, parameters: [.list, .list], result: .list),
        "ARRAY_INTERSECT": .init(function: .arrayIntersect, parameters: [.list, .list], result: .list),
        "ARRAY_JOIN": .init(
            function: .arrayJoin, parameters: [.list, .text, .text], optional: 1, result: .fixed(.varchar)),
        "ELEMENT": .init(function: .onlyElement, parameters: [.list], result: .element),
        "MAP_KEYS": .init(function: .mapKeys, parameters: [.map], result: .keys),
        "MAP_VALUES": .init(function: .mapValues, parameters: [.map], result: .values),
        "MAP_ENTRIES": .init(function: .mapEntries, parameters: [.map], result: .entries),
        "MAP_FROM_ARRAYS": .init(function: .mapFromArrays, parameters: [.list, .list], result: .map),
        "MAP_UNION": .init(function: .mapUnion, parameters: [.map], isVariadic: true, result: .common),
        "STR_TO_MAP": .init(
            function: .textToMap, parameters: [.text, .text, .text], optional: 2,
            result: .fixed(.map(key: .varchar, value: .varchar))),
        "SPLIT": .init(function: .split, parameters: [.text, .text], result: .fixed(.array(.varchar))),
        "REGEXP_EXTRACT_ALL": .init(
            function: .regexpExtractAll, parameters: [.text, .text, .integer], optional: 1,
            result: .fixed(.array(.varchar))),
    ]

    var usage: String {
        let words = parameters.map { kind in
            switch kind {
            case .list: "ARRAY"
            case .map: "MAP"
            case .container: "ARRAY or MAP"
            case .element: "VALUE"
            case .integer: "INT"
            case .boolean: "BOOLEAN"
            case .text: "VARCHAR"
            }
        }
        let parts = words.enumerated().map { index, word in
            (index >= parameters.count - optional ? "[" : "") + (index > 0 ? ", " : "") + word
        }
        return parts.joined() + String(repeating: "]", count: optional) + (isVariadic ? ", …" : "")
    }
}
