import SQL
import Testing

/// What `CREATE TABLE … LIKE` takes of another table.
@Suite struct TableLikeTests {
    private static let base = """
        CREATE TABLE a (n BIGINT, twice AS n * 2, o BIGINT METADATA FROM 'offset' VIRTUAL, t TIMESTAMP(3),
          WATERMARK FOR t AS t - INTERVAL '5' SECOND, PRIMARY KEY (n) NOT ENFORCED) WITH ('topic' = 'x', 'y' = '1');
        """

    private static func made(_ text: String) throws -> TableDeclaration {
        let statements = try SQLParser.parse(base + text)
        guard case .createTable(let table)? = statements.last else { throw Missing() }
        return table
    }

    private struct Missing: Error {}

    @Test func allIsTakenAndOptionsAreOverwritten() throws {
        let table = try Self.made("CREATE TABLE b (m INT, half AS n / 2) WITH ('y' = '2', 'z' = '3') LIKE a")
        #expect(table.fields.map(\.name) == ["n", "o", "t", "m"])
        #expect(table.computed.map(\.name.text) == ["twice", "half"] && table.computed.map(\.place) == [1, 5])
        #expect(table.metadata.map(\.key) == ["offset"])
        #expect(table.timeColumn == "t" && table.watermarkDelay == 5_000_000)
        #expect(table.primaryKey.map(\.text) == ["n"])
        #expect(table.options == ["topic": "x", "y": "2", "z": "3"])
        #expect(table.name == "b")
    }

    @Test func nothingButColumnsIsTaken() throws {
        let table = try Self.made("CREATE TABLE b LIKE a (EXCLUDING ALL)")
        #expect(table.fields.map(\.name) == ["n", "t"] && table.computed.isEmpty && table.metadata.isEmpty)
        #expect(table.timeColumn == nil && table.primaryKey.isEmpty && table.options.isEmpty)
    }

    @Test func eachPartIsSaidOfItself() throws {
        let table = try Self.made(
            "CREATE TABLE b (twice AS n + n, o BIGINT METADATA FROM 'partition') WITH ('y' = '2') LIKE a (EXCLUDING ALL "
                + "OVERWRITING GENERATED OVERWRITING METADATA, INCLUDING CONSTRAINTS)")
        #expect(table.fields.map(\.name) == ["n", "o", "t"] && table.metadata.map(\.key) == ["partition"])
        #expect(table.computed.map(\.place) == [1] && table.primaryKey.map(\.text) == ["n"])
        #expect(table.timeColumn == nil && table.options == ["y": "2"])
    }

    @Test(arguments: [
        ("CREATE TABLE b (n INT) LIKE a", "column n is there already"),
        ("CREATE TABLE b (o INT) LIKE a (OVERWRITING METADATA)", "column o is there already"),
        ("CREATE TABLE b (twice INT) LIKE a (OVERWRITING GENERATED)", "column twice is there already"),
        ("CREATE TABLE b (PRIMARY KEY (t) NOT ENFORCED) LIKE a", "a primary key is there already"),
        ("CREATE TABLE b (m INT, PRIMARY KEY (q) NOT ENFORCED) LIKE a (EXCLUDING CONSTRAINTS)", "there is no column q"),
        ("CREATE TABLE b LIKE b", "LIKE takes a table that the text declares"),
    ])
    func whatDoesNotGoTogetherIsRefused(_ text: String, _ message: String) throws {
        let error = #expect(throws: SQLError.self) { try Self.made(text) }
        #expect(error?.message.contains(message) == true, "\(error?.message ?? "")")
    }
}
