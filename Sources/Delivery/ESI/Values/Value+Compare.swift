import Bytes

/// Comparison. Two integers, or an integer and a text that spells one, compare as numbers; everything else as text.
/// Undefined equals the empty text, and is neither less nor more than anything.
extension Value {
    func equals(_ other: Value) -> Bool {
        switch (self, other) {
        case (.list(let left), .list(let right)):
            return left.count == right.count && zip(left, right).allSatisfy { $0.equals($1) }
        case (.dictionary(let left), .dictionary(let right)):
            return left.count == right.count
                && left.entries.allSatisfy { entry in right[entry.key].map { $0.equals(entry.value) } ?? false }
        case (.text(let left), .text(let right)): return left.span.isEqual(to: right.span)
        case (.undefined, .text(let text)), (.text(let text), .undefined): return text.isEmpty
        case (.undefined, .undefined): return true
        case (.undefined, .list), (.undefined, .dictionary), (.undefined, .integer), (.undefined, .bool): return false
        case (.list, .undefined), (.dictionary, .undefined), (.integer, .undefined), (.bool, .undefined): return false
        default: break
        }
        if let numbers = numbers(other) { return numbers.0 == numbers.1 }
        let left = asText
        let right = other.asText
        return left.span.isEqual(to: right.span)
    }

    /// Less than 0, 0 or more than 0; nil where there is no order.
    func order(_ other: Value) -> Int? {
        switch (self, other) {
        case (.undefined, _), (_, .undefined): return nil
        case (.list, _), (.dictionary, _), (_, .list), (_, .dictionary): return nil
        case (.text(let left), .text(let right)): return left.span.compare(right.span)
        default: break
        }
        if let numbers = numbers(other) {
            return numbers.0 < numbers.1 ? -1 : numbers.0 > numbers.1 ? 1 : 0
        }
        let left = asText
        let right = other.asText
        return left.span.compare(right.span)
    }

    private func numbers(_ other: Value) -> (Int64, Int64)? {
        switch (self, other) {
        case (.integer(let left), .integer(let right)): (left, right)
        case (.integer(let left), .text(let right)): right.integer.map { (left, $0) }
        case (.text(let left), .integer(let right)): left.integer.map { ($0, right) }
        case (.bool(let left), .bool(let right)): (left ? 1 : 0, right ? 1 : 0)
        case (.bool(let left), .integer(let right)): (left ? 1 : 0, right)
        case (.integer(let left), .bool(let right)): (left, right ? 1 : 0)
        default: nil
        }
    }
}
