/// The functions that need `OVER`, besides aggregates which may have it.
enum OverFunctionName: String, CaseIterable {
    case rowNumber = "ROW_NUMBER"
    case rank = "RANK"
    case denseRank = "DENSE_RANK"
    case percentRank = "PERCENT_RANK"
    case cumeDist = "CUME_DIST"
    case ntile = "NTILE"
    case lag = "LAG"
    case lead = "LEAD"
    case firstValue = "FIRST_VALUE"
    case lastValue = "LAST_VALUE"
    case nthValue = "NTH_VALUE"

    var arguments: ClosedRange<Int> {
        switch self {
        case .rowNumber, .rank, .denseRank, .percentRank, .cumeDist: 0...0
        case .ntile, .firstValue, .lastValue: 1...1
        case .nthValue: 2...2
        case .lag, .lead: 1...3
        }
    }

    var usage: String {
        switch self {
        case .rowNumber, .rank, .denseRank, .percentRank, .cumeDist: "\(rawValue)() OVER (ORDER BY …)"
        case .ntile: "NTILE(4) OVER (ORDER BY …)"
        case .firstValue, .lastValue: "\(rawValue)(value) OVER (ORDER BY …)"
        case .nthValue: "NTH_VALUE(value, 2) OVER (ORDER BY …)"
        case .lag, .lead: "\(rawValue)(value, 1, default) OVER (ORDER BY …)"
        }
    }

    /// Whether `IGNORE NULLS` means something.
    var takesNullTreatment: Bool {
        switch self {
        case .lag, .lead, .firstValue, .lastValue, .nthValue: true
        default: false
        }
    }
}

/// An OVER function of a query, with the window it is over.
struct OverItem: Hashable {
    /// While expressions are bound, item `n` is column `firstColumn + n`: behind all columns there can be.
    static let firstColumn = 1 << 32

    var partition: [BoundExpression]
    var order: [SortKey]
    var call: OverCall

    func mapExpressions<Failure: Error>(
        _ transform: (BoundExpression) throws(Failure) -> BoundExpression
    ) throws(Failure) -> OverItem {
        var mapped = self
        for index in partition.indices { mapped.partition[index] = try transform(partition[index]) }
        for index in order.indices { mapped.order[index].expression = try transform(order[index].expression) }
        mapped.call = try call.mapExpressions(transform)
        return mapped
    }
}

extension BoundExpression {
    /// Whether the value of an OVER function is in it.
    var readsOver: Bool {
        var found = false
        forEachColumn { if $0 >= OverItem.firstColumn { found = true } }
        return found
    }
}
