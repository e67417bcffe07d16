import Testing

@testable import SQL

struct StatementParserTests {
    private func one(_ text: String) throws -> Statement {
        let statements = try SQLParser.parse(text)
        return try #require(statements.count == 1 ? statements[0] : nil)
    }

    @Test func insertNamesItsTargetAndKeepsItsText() throws {
        let text = "\n  INSERT INTO out.errors (a, b.c)\n  SELECT 1, 'é' -- the end\n ;"
        guard case .insert(let insert) = try one(text) else {
            Issue.record("no insertion")
            return
        }
        #expect(insert.target.text == "out.errors")
        #expect(insert.target.position == SourcePosition(line: 2, column: 15))
        #expect(insert.columns?.map(\.text) == ["a", "b.c"])
        #expect(insert.position == SourcePosition(line: 2, column: 3))
        #expect(insert.text == "INSERT INTO out.errors (a, b.c)\n  SELECT 1, 'é'")
    }

    @Test(arguments: [
        "INSERT INTO t SELECT 1", "INSERT INTO t (SELECT 1)", "INSERT INTO t VALUES (1)",
        "INSERT INTO TABLE t WITH a AS (SELECT 1) SELECT * FROM a",
    ])
    func insertWithoutColumns(_ text: String) throws {
        guard case .insert(let insert) = try one(text) else {
            Issue.record("no insertion")
            return
        }
        #expect(insert.columns == nil)
        #expect(insert.text == text)
    }

    @Test(arguments: [
        "EXECUTE STATEMENT SET BEGIN INSERT INTO a SELECT 1; INSERT INTO b SELECT 2; END",
        "EXECUTE STATEMENT SET BEGIN INSERT INTO a SELECT 1; INSERT INTO b SELECT 2 END;",
        "BEGIN STATEMENT SET; INSERT INTO a SELECT 1; INSERT INTO b SELECT 2; END;",
    ])
    func statementSets(_ text: String) throws {
        guard case .statementSet(let inserts) = try one(text) else {
            Issue.record("no statement set")
            return
        }
        #expect(inserts.map(\.target.text) == ["a", "b"])
        #expect(inserts.map(\.text) == ["INSERT INTO a SELECT 1", "INSERT INTO b SELECT 2"])
    }

    @Test func views() throws {
        guard case .createView(let view) = try one("CREATE TEMPORARY VIEW v (x, y) AS SELECT 1, 2") else {
            Issue.record("no view")
            return
        }
        #expect(view.name.text == "v")
        #expect(view.columns?.map(\.text) == ["x", "y"])
        #expect(!view.ifNotExists)
        let text = "CREATE MATERIALIZED VIEW IF NOT EXISTS abusers WITH ('key' = 'ip', 'ttl' = '1 h') AS SELECT 1"
        guard case .createMaterializedView(let kept) = try one(text) else {
            Issue.record("no materialized view")
            return
        }
        #expect(kept.name.text == "abusers")
        #expect(kept.options == ["key": "ip", "ttl": "1 h"])
        #expect(kept.ifNotExists)
        #expect(kept.text == text)
    }

    @Test func smallStatements() throws {
        guard case .set(let setting) = try one("SET 'state.ttl' = '1 h'") else {
            Issue.record("no setting")
            return
        }
        #expect(setting.key.text == "state.ttl" && setting.value == "1 h")
        #expect(try one("RESET") == .reset(nil))
        guard case .reset(let key?) = try one("RESET 'a'"), key.text == "a" else {
            Issue.record("no reset")
            return
        }
        guard case .drop(let drop) = try one("DROP MATERIALIZED VIEW IF EXISTS a.b") else {
            Issue.record("no drop")
            return
        }
        #expect(drop.kind == .materializedView && drop.name.text == "a.b" && drop.ifExists)
        for subject in ShowStatement.Subject.allCases {
            let position = SourcePosition(line: 1, column: 1)
            var show = ShowStatement(subject: subject, position: position)
            let rest = subject == .columns ? " from t" : subject.rawValue.hasPrefix("CREATE") ? " t" : ""
            if !rest.isEmpty {
                let column = UInt32("show \(subject.rawValue)\(rest)".count)
                show.table = ObjectName(text: "t", position: .init(line: 1, column: column))
            }
            #expect(try one("show \(subject.rawValue)\(rest)") == .show(show))
        }
        #expect(throws: SQLError.self) { try one("SHOW TABLES LIKE") }
        #expect(try one("DESCRIBE EXTENDED a.b") != one("DESCRIBE a.b"))
        #expect(
            try one("DESCRIBE extended")
                == .describe(ObjectName(text: "extended", position: .init(line: 1, column: 10)), isExtended: false))
    }

    @Test func explainTakesAQueryOrAnInsertion() throws {
        guard case .explain(let query) = try one("EXPLAIN PLAN FOR SELECT 1"),
            case .explain(let insert) = try one("EXPLAIN INSERT INTO t SELECT 1")
        else {
            Issue.record("no explanation")
            return
        }
        #expect(query.target == nil)
        #expect(insert.target?.text == "t")
    }

    /// The new words stay names.
    @Test(arguments: [
        "view", "views", "tables", "function", "functions", "jobs", "statement", "reset", "materialized", "begin",
    ])
    func wordsOfStatementsAreNames(_ word: String) throws {
        _ = try SQLParser.parse("SELECT \(word) AS \(word) FROM \(word)")
    }
}
