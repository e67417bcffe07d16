import Columns

/// One function over columns: the switch from a `ScalarFunction` to its loop.
struct Kernel {
    let function: ScalarFunction
    let prepared: Prepared
    let type: SQLType
    let context: EvaluationContext

    /// Strict functions get no constant null. The result has `count` rows.
    func run(_ arguments: [Argument], _ count: Int) throws(SQLError) -> Column {
        switch function {
        case .equal, .notEqual, .less, .lessOrEqual, .greater, .greaterOrEqual, .isDistinctFrom, .nullIf:
            return comparison(arguments, count)
        case .not: return not(arguments[0], count)
        case .isNull: return isNull(arguments[0], count)
        case .isTrue: return isTruth(arguments[0], count, true)
        case .isFalse: return isTruth(arguments[0], count, false)
        case .add, .subtract, .multiply, .divide, .remainder, .negate:
            return try arithmetic(arguments, count)
        case .abs, .ceil, .floor, .round, .truncate, .sign, .power, .sqrt, .ln, .log, .log10, .log2, .exp, .sin,
            .cos, .tan, .asin, .acos, .atan, .atan2, .degrees, .radians, .pi, .greatest, .least, .e, .sinh, .cosh,
            .tanh,
            .cot:
            return number(arguments, count)
        case .convertZone: return try convertedZone(arguments, count)
        case .toTimestampInZone: return try parsedInZone(arguments, count)
        case .encode, .decode: return try recoded(arguments, count)
        case .extract, .floorTime, .ceilTime, .dateFormat, .toTimestamp, .toTimestampLTZ, .toDate, .fromUnixTime,
            .unixTimestamp, .timestampAdd, .timestampDiff, .currentTimestamp, .currentDate,
            .processingTime:
            return try time(arguments, count)
        case .jsonValue, .jsonQuery, .jsonExists, .jsonElement, .isJSON: return try json(arguments, count)
        case .jsonWrapped, .jsonWrappedIfNeeded, .jsonOutcome: return try jsonPaths(arguments, count)
        case .sortedItem: return try sortedItem(arguments, count)
        case .jsonString, .jsonUnquote, .jsonArray, .jsonArrayAbsent, .jsonObject, .jsonObjectAbsent, .jsonMember:
            return try makeJSON(arguments, count)
        case .md5, .sha1, .sha224, .sha256, .sha384, .sha512, .sha2: return try digest(arguments, count)
        case .hexadecimal, .fromHexadecimal, .binaryDigits: return try digits(arguments, count)
        case .isAlpha, .isDigit, .isDecimal: return characterTest(arguments, count)
        case .elementAt, .cardinality, .arrayContains, .arrayPosition, .arrayDistinct, .arrayReverse, .arraySort,
            .arrayMax, .arrayMin, .arrayConcat, .arrayRemove, .arraySlice, .arrayUnion, .arrayExcept, .arrayIntersect,
            .arrayJoin, .onlyElement, .mapKeys, .mapValues, .mapEntries, .mapFromArrays, .mapUnion,
            .textToMap, .split:
            return try lists(arguments, count)
        case .regexpExtractAll: return try regexpExtractAll(arguments, count)
        case .ipInCIDR: return inNetwork(arguments, count)
        case .addressNumber, .addressText: return try addresses(arguments, count)
        case .printf: return try printed(arguments, count)
        case .like, .startsWith, .endsWith, .regexp, .regexpExtract, .regexpReplace, .regexpCount, .regexpInstr,
            .regexpSubstr:
            return try match(arguments, count)
        case .and, .or, .coalesce, .ifThenElse:
            preconditionFailure("\(function) is not a kernel")
        default: return try text(arguments, count)
        }
    }

    /// Where all arguments have a value.
    func validity(_ arguments: [Argument], _ count: Int) -> Bitmap? {
        var result: Bitmap?
        for argument in arguments { result = Bitmap.both(result, argument.operand.validity(count)) }
        return result
    }
}
