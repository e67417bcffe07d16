extension FunctionSignatures {
    static let table: [String: [Overload]] = {
        var table: [String: [Overload]] = [:]
        for (names, overloads) in numberFunctions + textFunctions + conditionalFunctions + timeFunctions + dataFunctions
        {
            for name in names { table[name] = overloads }
        }
        return table
    }()

    private typealias Entry = (names: [String], overloads: [Overload])

    private static func one(
        _ names: [String], _ function: ScalarFunction, _ parameters: [Parameter], optional: Int = 0,
        variadic: Bool = false, _ result: ResultRule
    ) -> Entry {
        (
            names,
            [
                Overload(
                    function: function, parameters: parameters, optional: optional, isVariadic: variadic, result: result
                )
            ]
        )
    }

    private static func ofTextOrBytes(_ names: [String], _ function: ScalarFunction) -> Entry {
        (
            names,
            [
                Overload(function: function, parameters: [.text, .text], result: .fixed(.boolean)),
                Overload(function: function, parameters: [.binary, .binary], result: .fixed(.boolean)),
            ]
        )
    }

    private static func toUnit(_ function: ScalarFunction) -> Overload {
        Overload(function: function, parameters: [.datetime, .unit], result: .argument(0))
    }

    private static func rounding(_ names: [String], _ function: ScalarFunction, _ time: ScalarFunction) -> Entry {
        (names, [Overload(function: function, parameters: [.number], result: .custom { $0[0].whole }), toUnit(time)])
    }

    private static let numberFunctions: [Entry] = [
        one(["ABS"], .abs, [.number], .argument(0)),
        rounding(["CEIL", "CEILING"], .ceil, .ceilTime),
        rounding(["FLOOR"], .floor, .floorTime),
        one(["ROUND"], .round, [.number, .integer], optional: 1, .custom { roundedType($0) }),
        one(["TRUNCATE"], .truncate, [.number, .integer], optional: 1, .custom { roundedType($0) }),
        one(["SIGN"], .sign, [.number], .custom { $0[0].sign }),
        one(["MOD"], .remainder, [.number, .number], .custom { remainderType($0[0], $0[1]) }),
        one(["POWER"], .power, [.double, .double], .fixed(.double)),
        one(["SQRT"], .sqrt, [.double], .fixed(.double)),
        one(["LN"], .ln, [.double], .fixed(.double)),
        one(["LOG"], .log, [.double, .double], optional: 1, .fixed(.double)),
        one(["LOG10"], .log10, [.double], .fixed(.double)),
        one(["LOG2"], .log2, [.double], .fixed(.double)),
        one(["EXP"], .exp, [.double], .fixed(.double)),
        one(["SIN"], .sin, [.double], .fixed(.double)),
        one(["COS"], .cos, [.double], .fixed(.double)),
        one(["TAN"], .tan, [.double], .fixed(.double)),
        one(["ASIN"], .asin, [.double], .fixed(.double)),
        one(["ACOS"], .acos, [.double], .fixed(.double)),
        one(["ATAN"], .atan, [.double], .fixed(.double)),
        one(["ATAN2"], .atan2, [.double, .double], .fixed(.double)),
        one(["DEGREES"], .degrees, [.double], .fixed(.double)),
        one(["RADIANS"], .radians, [.double], .fixed(.double)),
        one(["PI"], .pi, [], .fixed(.double)),
        one(["E"], .e, [], .fixed(.double)),
        one(["SINH"], .sinh, [.double], .fixed(.double)),
        one(["COSH"], .cosh, [.double], .fixed(.double)),
        one(["TANH"], .tanh, [.double], .fixed(.double)),
        one(["COT"], .cot, [.double], .fixed(.double)),
        one(["RAND"], .random, [], .fixed(.double)),
        one(["RAND_INTEGER"], .randomInteger, [.integer], .fixed(.integer)),
        one(["BIN"], .binaryDigits, [.integer], .fixed(.varchar)),
        (
            ["HEX"],
            [
                Overload(function: .hexadecimal, parameters: [.integer], result: .fixed(.varchar)),
                Overload(function: .hexadecimal, parameters: [.text], result: .fixed(.varchar)),
            ]
        ),
        one(["UNHEX"], .fromHexadecimal, [.text], .fixed(.varbinary)),
        one(["GREATEST"], .greatest, [.any], variadic: true, .common),
        one(["LEAST"], .least, [.any], variadic: true, .common),
    ]

    /// With digits that are not known yet a decimal keeps its own.
    private static func roundedType(_ arguments: [SQLType]) -> SQLType {
        arguments.count == 1 ? arguments[0].rounded(toDigits: 0) : arguments[0]
    }

    private static let textFunctions: [Entry] = [
        one(["UPPER", "UCASE"], .upper, [.text], .fixed(.varchar)),
        one(["LOWER", "LCASE"], .lower, [.text], .fixed(.varchar)),
        one(["INITCAP"], .initCap, [.text], .fixed(.varchar)),
        one(["CHAR_LENGTH", "CHARACTER_LENGTH", "LENGTH"], .characterLength, [.text], .fixed(.integer)),
        one(["SUBSTRING", "SUBSTR"], .substring, [.text, .integer, .integer], optional: 1, .fixed(.varchar)),
        one(["TRIM", "BTRIM"], .trim, [.text, .text], optional: 1, .fixed(.varchar)),
        one(["LTRIM"], .trimLeading, [.text, .text], optional: 1, .fixed(.varchar)),
        one(["RTRIM"], .trimTrailing, [.text, .text], optional: 1, .fixed(.varchar)),
        one(["LPAD"], .padLeading, [.text, .integer, .text], .fixed(.varchar)),
        one(["RPAD"], .padTrailing, [.text, .integer, .text], .fixed(.varchar)),
        one(["REPLACE"], .replace, [.text, .text, .text], .fixed(.varchar)),
        one(["LOCATE", "POSITION"], .locate, [.text, .text, .integer], optional: 1, .fixed(.integer)),
        one(["INSTR"], .instr, [.text, .text], .fixed(.integer)),
        one(["LEFT"], .left, [.text, .integer], .fixed(.varchar)),
        one(["RIGHT"], .right, [.text, .integer], .fixed(.varchar)),
        one(["REVERSE"], .reverse, [.text], .fixed(.varchar)),
        one(["REPEAT"], .repeated, [.text, .integer], .fixed(.varchar)),
        one(["SPLIT_INDEX"], .splitIndex, [.text, .text, .integer], .fixed(.varchar)),
        ofTextOrBytes(["STARTSWITH"], .startsWith),
        ofTextOrBytes(["ENDSWITH"], .endsWith),
        one(["ASCII"], .ascii, [.text], .fixed(.integer)),
        one(["CHR"], .chr, [.integer], .fixed(.varchar)),
        one(["CONCAT"], .concat, [.asText], variadic: true, .fixed(.varchar)),
        one(["CONCAT_WS"], .concatWithSeparator, [.text, .asText], variadic: true, .fixed(.varchar)),
        one(["REGEXP", "REGEXP_LIKE"], .regexp, [.text, .text], .fixed(.boolean)),
        one(["REGEXP_EXTRACT"], .regexpExtract, [.text, .text, .integer], optional: 1, .fixed(.varchar)),
        one(["REGEXP_REPLACE"], .regexpReplace, [.text, .text, .text], .fixed(.varchar)),
        one(["REGEXP_COUNT"], .regexpCount, [.text, .text], .fixed(.integer)),
        one(["REGEXP_INSTR"], .regexpInstr, [.text, .text], .fixed(.integer)),
        one(["REGEXP_SUBSTR"], .regexpSubstr, [.text, .text], .fixed(.varchar)),
        one(["OVERLAY"], .overlay, [.text, .text, .integer, .integer], optional: 1, .fixed(.varchar)),
        one(["TRANSLATE"], .translate, [.text, .text, .text], .fixed(.varchar)),
        one(["PRINTF"], .printf, [.text, .printable], optional: 1, variadic: true, .fixed(.varchar)),
        one(["ELT"], .elt, [.integer, .text], variadic: true, .fixed(.varchar)),
        one(["IS_ALPHA"], .isAlpha, [.text], .fixed(.boolean)),
        one(["IS_DIGIT"], .isDigit, [.text], .fixed(.boolean)),
        one(["IS_DECIMAL"], .isDecimal, [.text], .fixed(.boolean)),
        one(["PARSE_URL"], .parseURL, [.text, .text, .text], optional: 1, .fixed(.varchar)),
        one(["UUID"], .uuid, [], .fixed(.varchar)),
        one(["ENCODE"], .encode, [.text, .text], .fixed(.varbinary)),
        one(["DECODE"], .decode, [.binary, .text], .fixed(.varchar)),
        one(["MD5"], .md5, [.text], .fixed(.varchar)),
        one(["SHA1"], .sha1, [.text], .fixed(.varchar)),
        one(["SHA224"], .sha224, [.text], .fixed(.varchar)),
        one(["SHA256"], .sha256, [.text], .fixed(.varchar)),
        one(["SHA384"], .sha384, [.text], .fixed(.varchar)),
        one(["SHA512"], .sha512, [.text], .fixed(.varchar)),
        one(["SHA2"], .sha2, [.text, .integer], .fixed(.varchar)),
        one(["URL_ENCODE"], .urlEncode, [.text], .fixed(.varchar)),
        one(["URL_DECODE"], .urlDecode, [.text, .boolean], optional: 1, .fixed(.varchar)),
        one(["TO_BASE64"], .toBase64, [.text], .fixed(.varchar)),
        one(["FROM_BASE64"], .fromBase64, [.text], .fixed(.varchar)),
    ]

    private static let conditionalFunctions: [Entry] = [
        one(["COALESCE"], .coalesce, [.any], variadic: true, .common),
        one(["IFNULL"], .coalesce, [.any, .any], .common),
        one(["IF"], .ifThenElse, [.boolean, .any, .any], .commonAfterFirst),
        one(["NULLIF"], .nullIf, [.any, .any], .common),
    ]

    /// `YEAR(t)` is `EXTRACT(YEAR FROM t)`; the binder gives the unit as the first argument.
    public static let unitFunctions: [String: String] = [
        "YEAR": "YEAR", "QUARTER": "QUARTER", "MONTH": "MONTH", "WEEK": "WEEK", "DAYOFYEAR": "DOY",
        "DAYOFMONTH": "DAY", "DAYOFWEEK": "DOW", "HOUR": "HOUR", "MINUTE": "MINUTE", "SECOND": "SECOND",
    ]

    private static let timeFunctions: [Entry] = [
        one(
            ["NOW", "CURRENT_TIMESTAMP", "LOCALTIMESTAMP", "CURRENT_ROW_TIMESTAMP"], .currentTimestamp, [],
            .fixed(.timestamp)),
        one(["CURRENT_DATE"], .currentDate, [], .fixed(.date)),
        one(["CURRENT_WATERMARK"], .currentWatermark, [.timestamp], .fixed(.timestamp)),
        one(["PROCTIME"], .processingTime, [], .fixed(.timestamp)),
        one(["CURRENT_TIME", "LOCALTIME"], .currentTime, [], .fixed(.time)),
        (
            ["EXTRACT"],
            [
                Overload(function: .extract, parameters: [.unit, .datetime], result: .fixed(.bigint)),
                Overload(function: .extract, parameters: [.unit, .interval], result: .fixed(.bigint)),
            ]
        ),
        (
            ["DATE_FORMAT"],
            [
                Overload(function: .dateFormat, parameters: [.timestamp, .text], result: .fixed(.varchar)),
                Overload(function: .dateFormat, parameters: [.text, .text], result: .fixed(.varchar)),
            ]
        ),
        one(["CONVERT_TZ"], .convertZone, [.asText, .text, .text], .fixed(.varchar)),
        one(["TO_TIMESTAMP"], .toTimestamp, [.text, .text], optional: 1, .fixed(.timestamp)),
        (
            ["TO_TIMESTAMP_LTZ"],
            [
                Overload(
                    function: .toTimestampLTZ, parameters: [.integerOrDouble, .integer], optional: 1,
                    result: .fixed(.timestamp)),
                Overload(
                    function: .toTimestamp, parameters: [.text, .text], optional: 1, result: .fixed(.timestamp)),
                Overload(
                    function: .toTimestampInZone, parameters: [.text, .text, .text], result: .fixed(.timestamp)),
            ]
        ),
        one(["TO_DATE"], .toDate, [.text, .text], optional: 1, .fixed(.date)),
        one(["FROM_UNIXTIME"], .fromUnixTime, [.integerOrDouble, .text], optional: 1, .fixed(.varchar)),
        (
            ["UNIX_TIMESTAMP"],
            [
                Overload(function: .unixTimestamp, parameters: [], result: .fixed(.bigint)),
                Overload(function: .unixTimestamp, parameters: [.timestamp], result: .fixed(.bigint)),
                Overload(function: .unixTimestamp, parameters: [.text, .text], optional: 1, result: .fixed(.bigint)),
            ]
        ),
        one(["TIMESTAMPADD"], .timestampAdd, [.unit, .integer, .datetime], .custom { timestampAddType($0[2]) }),
        one(["TIMESTAMPDIFF"], .timestampDiff, [.unit, .timestamp, .timestamp], .fixed(.integer)),
    ]

    private static let dataFunctions: [Entry] = [
        one(["JSON_VALUE"], .jsonValue, [.json, .text], .fixed(.varchar)),
        one(["JSON_QUERY"], .jsonQuery, [.json, .text], .fixed(.varchar)),
        one(["JSON_EXISTS"], .jsonExists, [.json, .text], .fixed(.boolean)),
        one(["JSON_STRING"], .jsonString, [.any], .fixed(.json)),
        one(["JSON_QUOTE"], .jsonString, [.text], .fixed(.varchar)),
        one(["JSON_UNQUOTE"], .jsonUnquote, [.text], .fixed(.varchar)),
        one(["JSON_ELEMENT"], .jsonElement, [.json, .text], .fixed(.json)),
        one(["IS JSON"], .isJSON, [.json, .text], optional: 1, .fixed(.boolean)),
        one(["IP_IN_CIDR"], .ipInCIDR, [.ip, .text], .fixed(.boolean)),
        one(["INET_ATON"], .addressNumber, [.text], .fixed(.bigint)),
        one(["INET_NTOA"], .addressText, [.integer], .fixed(.varchar)),
    ]

    /// Calcite: a DATE stays one under day units; the kernel refuses smaller units on it.
    private static func timestampAddType(_ time: SQLType) -> SQLType? { time }
}
