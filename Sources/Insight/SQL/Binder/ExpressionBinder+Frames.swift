import Bytes

extension ExpressionBinder {
    mutating func frame(_ syntax: FrameSyntax?, order: [SortKey]) throws(SQLError) -> OverFrame {
        guard let syntax else {
            return order.isEmpty
                ? .wholePartition : OverFrame(unit: .range, start: .unboundedPreceding, end: .currentRow)
        }
        var frame = OverFrame(
            unit: syntax.unit, start: try bound(syntax.start, of: syntax, order),
            end: try bound(syntax.end, of: syntax, order), exclusion: syntax.exclusion)
        guard frame.start != .unboundedFollowing, frame.end != .unboundedPreceding,
            frame.start.place <= frame.end.place
        else {
            throw SQLError(
                .invalidQuery, "the frame ends before it begins", at: syntax.position,
                suggestion: "for instance BETWEEN 2 PRECEDING AND CURRENT ROW")
        }
        if frame.unit == .groups {
            guard !order.isEmpty else {
                throw SQLError(
                    .invalidQuery, "GROUPS counts rows of equal ORDER BY keys, and there is no ORDER BY",
                    at: syntax.position, suggestion: "ROWS counts rows")
            }
            // Without a distance that is what RANGE means.
            if !frame.start.hasDistance, !frame.end.hasDistance { frame.unit = .range }
        }
        return frame
    }

    private mutating func bound(
        _ bound: FrameSyntax.Bound, of frame: FrameSyntax, _ order: [SortKey]
    ) throws(SQLError) -> OverFrame.Bound {
        switch bound {
        case .unboundedPreceding: .unboundedPreceding
        case .currentRow: .currentRow
        case .unboundedFollowing: .unboundedFollowing
        case .preceding(let distance): .preceding(try self.distance(distance, of: frame, order))
        case .following(let distance): .following(try self.distance(distance, of: frame, order))
        }
    }

    private mutating func distance(
        _ expression: Expression, of frame: FrameSyntax, _ order: [SortKey]
    ) throws(SQLError) -> OverFrame.Distance {
        guard frame.unit == .range else {
            let name = frame.unit == .rows ? "ROWS" : "GROUPS"
            return .whole(try wholeNumber(expression, "a frame of \(name)", atLeast: 0))
        }
        guard order.count == 1 else {
            throw SQLError(
                .invalidQuery, "RANGE with a distance needs one ORDER BY key, and there are \(order.count)",
                at: frame.position, suggestion: "ROWS counts rows")
        }
        let distance = try bind(expression)
        let type = order[0].expression.type
        switch (distance.expression, distance.type, type) {
        case (.literal(.int64(let value), _), .intervalDaySecond, .timestamp) where value >= 0: return .whole(value)
        case (.literal(.int64(let value), let kind), _, _) where kind.isInteger && type.isInteger && value >= 0:
            return .whole(value)
        case (.literal(.int64(let value), let kind), _, .double) where kind.isInteger && value >= 0:
            return .number(Double(value))
        case (.literal(.int64(let value), let kind), _, .float) where kind.isInteger && value >= 0:
            return .number(Double(value))
        case (.literal(.float64(let value), _), _, .double) where value >= 0: return .number(value)
        case (.literal(.float64(let value), _), _, .float) where value >= 0: return .number(value)
        case (.literal(.decimal(let units), .decimal(_, let scale)), _, .double) where units >= 0:
            return .number(DecimalDouble.double(units, scale: scale))
        case (.literal(.decimal(let units), .decimal(_, let scale)), _, .float) where units >= 0:
            return .number(DecimalDouble.double(units, scale: scale))
        case (.literal(.int64(let value), let kind), _, .decimal(_, let scale)) where kind.isInteger && value >= 0:
            return Self.distance(Int128(value), scale: 0, along: scale)
        case (.literal(.decimal(let units), .decimal(_, let given)), _, .decimal(_, let scale)) where units >= 0:
            return Self.distance(units, scale: given, along: scale)
        default:
            let wanted =
                type == .timestamp
                ? "INTERVAL '10' MINUTE" : type.isNumeric ? "10" : "a key of type TIMESTAMP, or a number"
            throw SQLError(
                .typeMismatch,
                "a distance of RANGE is a constant, not negative, that can be added to the ORDER BY key, which is "
                    + type.name,
                at: distance.position, suggestion: "for instance \(wanted)")
        }
    }
}

extension ExpressionBinder {
    /// In units of the key: a fraction of one brings no other key nearer.
    fileprivate static func distance(_ units: Int128, scale given: Int, along scale: Int) -> OverFrame.Distance {
        let powers = PowersOfTen.int128
        if given >= scale { return .decimal(units / powers[given - scale], scale: scale) }
        let (value, overflow) = units.multipliedReportingOverflow(by: powers[scale - given])
        return .decimal(overflow ? .max : value, scale: scale)
    }
}

extension OverFrame.Bound {
    fileprivate var hasDistance: Bool { place == 1 || place == 3 }

    /// Frames go from a lower place to one that isn't.
    fileprivate var place: Int {
        switch self {
        case .unboundedPreceding: 0
        case .preceding: 1
        case .currentRow: 2
        case .following: 3
        case .unboundedFollowing: 4
        }
    }
}
