import Foundation
import SQL
import Synchronization
import Testing

/// The deepest queries that the limits let through, on threads with as little stack as the workers have.
struct StackTests {
    /// Three quarters of what a worker thread has.
    private static let stackBytes = 3 << 20

    /// The deepest functions in the deepest call.
    @Test func deepestFunctions() throws {
        let body = String(repeating: "ABS(", count: 14) + "x" + String(repeating: ")", count: 14)
        var text = "CREATE FUNCTION f0(x BIGINT) RETURNS BIGINT RETURN \(body);"
        for index in 1..<6 {
            text += "CREATE FUNCTION f\(index)(x BIGINT) RETURNS BIGINT RETURN f\(index - 1)(\(body));"
        }
        for index in 0..<6 {
            let query = text + "SELECT " + nest("ABS(", "f\(index)(l)", ")", 25) + " FROM types"
            let code = code(of: query)
            #expect(code == nil || code == .limitExceeded)
        }
    }

    /// Each calls the one before it twice: sizes double, and with constants the work alone does.
    @Test(arguments: ["l", "1"])
    func functionsThatGrowAreStopped(_ argument: String) {
        var text = "CREATE FUNCTION f0(x BIGINT) RETURNS BIGINT RETURN x;"
        for index in 1..<40 {
            text += "CREATE FUNCTION f\(index)(x BIGINT) RETURNS BIGINT RETURN f\(index - 1)(x) + f\(index - 1)(x);"
        }
        #expect(code(of: text + "SELECT f39(\(argument)) FROM types") == .limitExceeded)
    }

    private func code(of text: String) -> SQLError.Code? {
        let box = Box()
        let done = DispatchSemaphore(value: 0)
        let thread = Thread {
            let code = Bind.scriptError(text)?.code
            box.code.withLock { $0 = code }
            done.signal()
        }
        thread.stackSize = Self.stackBytes
        thread.start()
        done.wait()
        return box.code.withLock { $0 }
    }

    private final class Box: Sendable {
        let code = Mutex<SQLError.Code?>(nil)
    }

    /// The greatest number of repetitions that is let through.
    private func deepest(_ text: (Int) -> String) -> Int {
        var low = 0
        var high = 400
        while low + 1 < high {
            let middle = (low + high) / 2
            if code(of: text(middle)) == nil { low = middle } else { high = middle }
        }
        return low
    }

    private func nest(_ open: String, _ inside: String, _ close: String, _ count: Int) -> String {
        String(repeating: open, count: count) + inside + String(repeating: close, count: count)
    }

    @Test func deepestExpressions() {
        #expect(deepest { "SELECT " + nest("(", "1", ")", $0) } > 25)
        #expect(deepest { "SELECT " + nest("- ", "l", "", $0) + " FROM types" } > 25)
        #expect(deepest { "SELECT " + nest("ABS(", "l", ")", $0) + " FROM types" } > 25)
        #expect(deepest { "SELECT " + nest("CASE WHEN b THEN ", "l", " ELSE l END", $0) + " FROM types" } > 25)
        #expect(deepest { "SELECT l" + nest("", "", " + d", $0) + " FROM types" } > 25)
        #expect(deepest { "SELECT " + nest("CAST(", "l", " AS VARCHAR)", $0) + " FROM types" } > 25)
        #expect(deepest { "SELECT * FROM types WHERE " + nest("NOT (b AND ", "b", ")", $0) } > 10)
    }

    @Test func deepestQueries() {
        #expect(deepest { nest("SELECT * FROM (", "SELECT * FROM types", ")", $0) } > 20)
        #expect(
            deepest {
                nest(
                    "SELECT DISTINCT l, COUNT(*) AS l1 FROM (", "SELECT l FROM types",
                    ") WHERE l > 1 GROUP BY l HAVING COUNT(*) > 1 ORDER BY 1 LIMIT 5", $0)
            } > 10)
        #expect(deepest { nest("(", "SELECT 1", ") UNION SELECT 2", $0) } > 10)
        #expect(
            deepest { "SELECT l FROM types WHERE l = " + nest("(SELECT MAX(l) FROM types WHERE l < ", "5", ")", $0) }
                >= 0)
        let chain = deepest { count in
            let tables = (0..<count).map { level in
                "t\(level) AS (SELECT l FROM \(level == 0 ? "types" : "t\(level - 1)") WHERE l > \(level) ORDER BY l LIMIT 9)"
            }
            return (count == 0 ? "" : "WITH " + tables.joined(separator: ", ")) + " SELECT * FROM "
                + (count == 0 ? "types" : "t\(count - 1)")
        }
        #expect(chain > 20)
    }
}
