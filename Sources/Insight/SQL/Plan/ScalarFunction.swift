/// Every operator and scalar function the kernels know. The binder resolves names to these through
/// `FunctionSignatures`; the raw value is the name that messages show.
public enum ScalarFunction: String, Hashable, Sendable, CaseIterable {
    // Comparison and logic (three-valued)
    case equal = "="
    case notEqual = "<>"
    case less = "<"
    case lessOrEqual = "<="
    case greater = ">"
    case greaterOrEqual = ">="
    case isDistinctFrom = "IS DISTINCT FROM"
    case and = "AND"
    case or = "OR"
    case not = "NOT"
    case isNull = "IS NULL"
    case isTrue = "IS TRUE"
    case isFalse = "IS FALSE"
    // Arithmetic; integers wrap as in Flink, division by zero is an error for integers
    case add = "+"
    case subtract = "-"
    case multiply = "*"
    case divide = "/"
    case remainder = "%"
    case negate = "NEGATE"
    // Numbers
    case abs = "ABS"
    /// Of a number; `ceilTime` is `CEIL(time TO unit)`.
    case ceil = "CEIL"
    /// Of a number; `floorTime` is `FLOOR(time TO unit)`.
    case floor = "FLOOR"
    case round = "ROUND"
    case truncate = "TRUNCATE"
    case power = "POWER"
    case sqrt = "SQRT"
    case ln = "LN"
    case log = "LOG"
    case log10 = "LOG10"
    case log2 = "LOG2"
    case exp = "EXP"
    case sign = "SIGN"
    case greatest = "GREATEST"
    case least = "LEAST"
    case sin = "SIN"
    case cos = "COS"
    case tan = "TAN"
    case asin = "ASIN"
    case acos = "ACOS"
    case atan = "ATAN"
    case atan2 = "ATAN2"
    case degrees = "DEGREES"
    case radians = "RADIANS"
    case pi = "PI"
    case e = "E"
    case sinh = "SINH"
    case cosh = "COSH"
    case tanh = "TANH"
    case cot = "COT"
    /// From 0 up to, not including, 1; another one each row.
    case random = "RAND"
    /// From 0 up to, not including, the argument.
    case randomInteger = "RAND_INTEGER"
    case hexadecimal = "HEX"
    case fromHexadecimal = "UNHEX"
    case binaryDigits = "BIN"
    // Text; positions are 1-based and count code points
    /// `text LIKE pattern [ESCAPE character]`
    case like = "LIKE"
    case concat = "||"
    case concatWithSeparator = "CONCAT_WS"
    case upper = "UPPER"
    case lower = "LOWER"
    case initCap = "INITCAP"
    case characterLength = "CHAR_LENGTH"
    case substring = "SUBSTRING"
    case trim = "TRIM"
    case trimLeading = "LTRIM"
    case trimTrailing = "RTRIM"
    case padLeading = "LPAD"
    case padTrailing = "RPAD"
    case replace = "REPLACE"
    /// `LOCATE(needle, text[, from])`; `POSITION(needle IN text)` and `INSTR(text, needle)` are bound to it.
    case locate = "LOCATE"
    case instr = "INSTR"
    case left = "LEFT"
    case right = "RIGHT"
    case reverse = "REVERSE"
    case repeated = "REPEAT"
    case splitIndex = "SPLIT_INDEX"
    case startsWith = "STARTSWITH"
    case endsWith = "ENDSWITH"
    case ascii = "ASCII"
    case chr = "CHR"
    case regexp = "REGEXP"
    case regexpExtract = "REGEXP_EXTRACT"
    case regexpReplace = "REGEXP_REPLACE"
    case regexpCount = "REGEXP_COUNT"
    case regexpInstr = "REGEXP_INSTR"
    case regexpSubstr = "REGEXP_SUBSTR"
    /// `(text, replacement, from[, length])`
    case overlay = "OVERLAY"
    case translate = "TRANSLATE"
    case elt = "ELT"
    /// `(format, value, …)`
    case printf = "PRINTF"
    case isAlpha = "IS_ALPHA"
    case isDigit = "IS_DIGIT"
    case isDecimal = "IS_DECIMAL"
    /// `(url, part[, key])`
    case parseURL = "PARSE_URL"
    /// A version 4 UUID, another one each row.
    case uuid = "UUID"
    /// `(text, character set)`, `(bytes, character set)`
    case encode = "ENCODE"
    case decode = "DECODE"
    case md5 = "MD5"
    case sha1 = "SHA1"
    case sha224 = "SHA224"
    case sha256 = "SHA256"
    case sha384 = "SHA384"
    case sha512 = "SHA512"
    /// `(text, bits)`
    case sha2 = "SHA2"
    case urlEncode = "URL_ENCODE"
    case urlDecode = "URL_DECODE"
    case toBase64 = "TO_BASE64"
    case fromBase64 = "FROM_BASE64"
    // Conditional
    case coalesce = "COALESCE"
    case nullIf = "NULLIF"
    case ifThenElse = "IF"
    // Time; a unit is a VARCHAR literal argument (`'YEAR'`)
    case currentTimestamp = "CURRENT_TIMESTAMP"
    case currentDate = "CURRENT_DATE"
    /// How far event time has come where the expression is computed; the argument only says of which column.
    case currentWatermark = "CURRENT_WATERMARK"
    /// When a batch is worked on.
    case processingTime = "PROCTIME"
    case currentTime = "CURRENT_TIME"
    /// `EXTRACT(unit FROM time)` as `(unit, time)`
    case extract = "EXTRACT"
    /// `FLOOR(time TO unit)` as `(time, unit)`
    case floorTime = "FLOOR TO"
    /// `CEIL(time TO unit)` as `(time, unit)`
    case ceilTime = "CEIL TO"
    case dateFormat = "DATE_FORMAT"
    case toTimestamp = "TO_TIMESTAMP"
    case toTimestampLTZ = "TO_TIMESTAMP_LTZ"
    /// `(text, format, zone)`
    case toTimestampInZone = "TO_TIMESTAMP_LTZ IN"
    /// `(text, from, to)`
    case convertZone = "CONVERT_TZ"
    case toDate = "TO_DATE"
    case fromUnixTime = "FROM_UNIXTIME"
    case unixTimestamp = "UNIX_TIMESTAMP"
    /// `(unit, amount, time)`
    case timestampAdd = "TIMESTAMPADD"
    /// `(unit, from, to)`
    case timestampDiff = "TIMESTAMPDIFF"
    // JSON
    case jsonValue = "JSON_VALUE"
    case jsonQuery = "JSON_QUERY"
    case jsonExists = "JSON_EXISTS"
    /// What lies on a path, as JSON; null for JSON's null. `value['key'][1]` is bound to it.
    case jsonElement = "JSON_ELEMENT"
    /// What is on all paths, in an array; `JSON_QUERY … WITH WRAPPER`.
    case jsonWrapped = "JSON_QUERY WITH WRAPPER"
    /// As `jsonWrapped`, but one array or object as it is.
    case jsonWrappedIfNeeded = "JSON_QUERY WITH CONDITIONAL WRAPPER"
    /// `(json, path, kind)`: how looking for what `JSON_VALUE`, `JSON_QUERY` or `JSON_EXISTS` wants ended, as a
    /// `JSONOutcome`.
    case jsonOutcome = "JSON_OUTCOME"
    /// Any value as JSON.
    case jsonString = "JSON_STRING"
    case jsonUnquote = "JSON_UNQUOTE"
    /// Of values that are JSON already. A null is JSON's null, or left out.
    case jsonArray = "JSON_ARRAY"
    case jsonArrayAbsent = "JSON_ARRAY ABSENT ON NULL"
    /// Of names and values that are JSON, by turns.
    case jsonObject = "JSON_OBJECT"
    case jsonObjectAbsent = "JSON_OBJECT ABSENT ON NULL"
    /// `(name, value)`: a member of an object without its braces.
    case jsonMember = "JSON_MEMBER"
    /// `(text, key, …, orders)`: the text behind what it is put in order by, as `SortedItem`.
    case sortedItem = "SORTED_ITEM"
    // Lists and maps; all arguments and results that are such are JSON
    /// `(value, place or key)`
    case elementAt = "ELEMENT_AT"
    case cardinality = "CARDINALITY"
    case arrayContains = "ARRAY_CONTAINS"
    case arrayPosition = "ARRAY_POSITION"
    case arrayDistinct = "ARRAY_DISTINCT"
    case arrayReverse = "ARRAY_REVERSE"
    case arraySort = "ARRAY_SORT"
    case arrayMax = "ARRAY_MAX"
    case arrayMin = "ARRAY_MIN"
    case arrayConcat = "ARRAY_CONCAT"
    case arrayRemove = "ARRAY_REMOVE"
    /// `(list, from[, to])`, places from 1, negative ones from the end
    case arraySlice = "ARRAY_SLICE"
    case arrayUnion = "ARRAY_UNION"
    case arrayExcept = "ARRAY_EXCEPT"
    case arrayIntersect = "ARRAY_INTERSECT"
    /// `(list, separator[, what stands for nulls])`
    case arrayJoin = "ARRAY_JOIN"
    /// The only element of a list.
    case onlyElement = "ELEMENT"
    case mapKeys = "MAP_KEYS"
    case mapValues = "MAP_VALUES"
    case mapEntries = "MAP_ENTRIES"
    case mapFromArrays = "MAP_FROM_ARRAYS"
    case mapUnion = "MAP_UNION"
    /// `(text[, between pairs[, between key and value]])`
    case textToMap = "STR_TO_MAP"
    case split = "SPLIT"
    /// `(text, pattern[, group])`
    case regexpExtractAll = "REGEXP_EXTRACT_ALL"
    /// `text IS JSON [VALUE | SCALAR | ARRAY | OBJECT]`; the kind is an optional second VARCHAR literal.
    case isJSON = "IS JSON"
    /// Fails with the text of its argument, for rows that come so far.
    case raise = "RAISE"
    // Grouping sets; the binder turns them into what is known of a group, so no kernel sees them
    /// The keys that a group's set leaves out, as bits, the first key's the highest.
    case grouping = "GROUPING"
    /// What tells a group's set from the others.
    case groupID = "GROUP_ID"
    // Addresses
    case ipInCIDR = "IP_IN_CIDR"
    case addressNumber = "INET_ATON"
    case addressText = "INET_NTOA"

    /// False where the value depends on when the query runs, so that it must not be folded at bind time.
    public var isFoldable: Bool {
        switch self {
        case .currentTimestamp, .currentDate, .currentTime, .random, .randomInteger, .uuid, .unixTimestamp,
            .processingTime, .currentWatermark, .grouping, .groupID, .raise:
            false
        default: true
        }
    }
}
