import Columns
import SQL
import Testing

@testable import Streams

/// Random patterns over random rows, beside a matcher that tries one way after the other.
@Suite struct MatchOracleTests {
    private struct Random: RandomNumberGenerator {
        var state: UInt64

        mutating func next() -> UInt64 {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            var mixed = state ^ (state >> 33)
            mixed = mixed &* 0xFF51_AFD7_ED55_8CCD
            return mixed ^ (mixed >> 33)
        }
    }

    private struct Row {
        let letter: String
        let value: Int
    }

    /// A row of the match: its index and the variable that took it.
    private typealias Taken = (row: Int, variable: Int)

    private static let names = ["A", "B", "C", "D"]
    private static func isTaken(_ rows: [Row], _ row: Int, _ variable: Int, after taken: [Taken]) -> Bool {
        let value = rows[row].value
        switch variable {
        case 0: return rows[row].letter != "c"
        case 1: return taken.last.map { value > rows[$0.row].value } ?? true
        case 2: return taken.filter { $0.variable == 2 }.reduce(value) { $0 + rows[$1.row].value } < 9
        default: return taken.last { $0.variable == 0 }.map { value > rows[$0.row].value } ?? false
        }
    }

    // MARK: Patterns

    private static func pattern(_ depth: Int, _ random: inout Random) -> RowPattern {
        switch depth == 0 ? 0 : Int.random(in: 0..<8, using: &random) {
        case 0, 1: return .variable(Int.random(in: 0..<4, using: &random))
        case 2, 3:
            return .sequence((0..<Int.random(in: 2...3, using: &random)).map { _ in pattern(depth - 1, &random) })
        case 4:
            return .alternatives((0..<2).map { _ in pattern(depth - 1, &random) })
        default:
            let part = pattern(depth - 1, &random)
            // How often a part is repeated that takes no row is a matter of taste.
            guard !canBeEmpty(part) else { return part }
            let minimum = Int.random(in: 0...2, using: &random)
            let maximum = Bool.random(using: &random) ? nil : Int.random(in: max(minimum, 1)...3, using: &random)
            return .repeated(
                part, minimum: minimum, maximum: maximum, isReluctant: Bool.random(using: &random))
        }
    }

    private static func text(_ pattern: RowPattern) -> String {
        switch pattern {
        case .variable(let variable): return names[variable]
        case .sequence(let parts): return "(" + parts.map(text).joined(separator: " ") + ")"
        case .alternatives(let parts): return "(" + parts.map(text).joined(separator: " | ") + ")"
        case .repeated(let part, let minimum, let maximum, let isReluctant):
            return "(\(text(part))){\(minimum),\(maximum.map(String.init) ?? "")}\(isReluctant ? "?" : "")"
        }
    }

    private static func canBeEmpty(_ pattern: RowPattern) -> Bool {
        switch pattern {
        case .variable: false
        case .sequence(let parts): parts.allSatisfy(canBeEmpty)
        case .alternatives(let parts): parts.contains(where: canBeEmpty)
        case .repeated(let part, let minimum, _, _): minimum == 0 || canBeEmpty(part)
        }
    }

    private static func variables(_ pattern: RowPattern) -> Set<Int> {
        switch pattern {
        case .variable(let variable): [variable]
        case .sequence(let parts), .alternatives(let parts): parts.reduce(into: []) { $0.formUnion(variables($1)) }
        case .repeated(let part, _, _, _): variables(part)
        }
    }

    // MARK: The oracle

    /// Tries the ways of `pattern` in the order of preference until `then` is content with one.
    private static func match(
        _ pattern: RowPattern, _ rows: [Row], from row: Int, _ taken: [Taken], then: (Int, [Taken]) -> Bool
    ) -> Bool {
        switch pattern {
        case .variable(let variable):
            guard row < rows.count, isTaken(rows, row, variable, after: taken) else { return false }
            return then(row + 1, taken + [(row, variable)])
        case .sequence(let parts):
            guard let first = parts.first else { return then(row, taken) }
            return match(first, rows, from: row, taken) { next, taken in
                match(.sequence(Array(parts.dropFirst())), rows, from: next, taken, then: then)
            }
        case .alternatives(let parts):
            return parts.contains { match($0, rows, from: row, taken, then: then) }
        case .repeated(let part, let minimum, let maximum, let isReluctant):
            func more() -> Bool {
                guard maximum != 0 else { return false }
                return match(part, rows, from: row, taken) { next, now in
                    let rest = RowPattern.repeated(
                        part, minimum: max(minimum - 1, 0), maximum: maximum.map { $0 - 1 }, isReluctant: isReluctant)
                    return match(rest, rows, from: next, now, then: then)
                }
            }
            if minimum > 0 { return more() }
            return isReluctant ? then(row, taken) || more() : more() || then(row, taken)
        }
    }

    private static func expected(_ pattern: RowPattern, _ rows: [Row], within: Int, toNext: Bool) -> [String] {
        var lines: [String] = []
        var start = 0
        while start < rows.count {
            var found: [Taken] = []
            let near = Array(rows[..<min(rows.count, start + within + 1)])
            _ = match(pattern, near, from: start, []) { _, taken in
                found = taken
                return true
            }
            if found.isEmpty {
                start += 1
                continue
            }
            let sums = names.indices.map { variable in
                found.filter { $0.variable == variable }.reduce(0) { $0 + $1.row + 1 }
            }
            lines.append(([found[0].row, found.count] + sums).map(String.init).joined(separator: "|"))
            start = toNext ? start + 1 : start + found.count
        }
        return lines
    }

    // MARK: Comparing

    @Test(arguments: 0..<40)
    func allWaysAtOnceGiveWhatOneAfterTheOtherGives(seed: Int) throws {
        var random = Random(state: UInt64(seed) &* 7_919 &+ 17)
        for _ in 0..<25 {
            let pattern = Self.pattern(3, &random)
            guard !Self.canBeEmpty(pattern) else { continue }
            let rows = (0..<10).map { _ in
                Row(
                    letter: ["a", "b", "c"].randomElement(using: &random) ?? "a",
                    value: Int.random(in: 0..<6, using: &random))
            }
            let within = Int.random(in: 2...12, using: &random)
            let toNext = Bool.random(using: &random)
            let text = Self.query(pattern, within: within, toNext: toNext)
            let wanted = Self.expected(pattern, rows, within: within, toNext: toNext)
            let batch = Rows.batch(
                [("ts", .timestamp), ("c", .string), ("v", .int64), ("n", .int64)],
                rows.enumerated().map { [$0 * 1_000_000, $1.letter, $1.value, $0] })
            let run = InterruptedRun(
                text: text, batches: Rows.split(batch, 3), watermarks: [2_000_000, 5_000_000, 8_000_000, 9_000_000])
            #expect(try run.answers(stops: []) == wanted, "\(text) over \(batch.columns)")
            #expect(try run.answers(stops: [0, 2]) == wanted, "with stops, \(text)")
        }
    }

    private static func query(_ pattern: RowPattern, within: Int, toNext: Bool) -> String {
        let used = variables(pattern)
        let conditions = definitions(used)
        let sums = names.indices.map { variable in
            used.contains(variable) ? "COALESCE(SUM(\(names[variable]).n + 1), 0) AS s\(variable)" : "0 AS s\(variable)"
        }
        return """
            SELECT * FROM t MATCH_RECOGNIZE (ORDER BY ts
            MEASURES FIRST(n) AS f, COUNT(*) AS k, \(sums.joined(separator: ", "))
            AFTER MATCH SKIP \(toNext ? "TO NEXT ROW" : "PAST LAST ROW")
            PATTERN (\(text(pattern))) WITHIN INTERVAL '\(within)' SECOND
            \(conditions.isEmpty ? "" : "DEFINE " + conditions.joined(separator: ", ")))
            """
    }

    /// As `isTaken`. A condition may only look at variables of the pattern.
    private static func definitions(_ used: Set<Int>) -> [String] {
        var conditions: [String] = []
        if used.contains(0) { conditions.append("A AS c <> 'c'") }
        if used.contains(1) { conditions.append("B AS v > LAST(v, 1) OR LAST(v, 1) IS NULL") }
        if used.contains(2) { conditions.append("C AS SUM(C.v) < 9") }
        if used.contains(3) { conditions.append(used.contains(0) ? "D AS D.v > A.v" : "D AS FALSE") }
        return conditions
    }
}
