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
    /// When a batch is worked on.
    case processingTime = "PROCTIME"
    /// `EXTRACT(unit FROM time)` as `(unit, time)`
    case extract = "EXTRACT"
    /// `FLOOR(time TO unit)` as `(time, unit)`
    case floorTime = "FLOOR TO"
    /// `CEIL(time TO unit)` as `(time, unit)`
    case ceilTime = "CEIL TO"
    case dateFormat = "DATE_FORMAT"
    case toTimestamp = "TO_TIMESTAMP"
    case toTimestampLTZ = "TO_TIMESTAMP_LTZ"
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
    /// `text IS JSON [VALUE | SCALAR | ARRAY | OBJECT]`; the kind is an optional second VARCHAR literal.
    case isJSON = "IS JSON"
    // Grouping sets; the binder turns them into what is known of a group, so no kernel sees them
    /// The keys that a group's set leaves out, as bits, the first key's the highest.
    case grouping = "GROUPING"
    /// What tells a group's set from the others.
    case groupID = "GROUP_ID"
    // Addresses
    case ipInCIDR = "IP_IN_CIDR"

    /// False where the value depends on when the query runs, so that it must not be folded at bind time.
    public var isFoldable: Bool {
        switch self {
        case .currentTimestamp, .currentDate, .unixTimestamp, .processingTime, .grouping, .groupID: false
        default: true
        }
    }
}
