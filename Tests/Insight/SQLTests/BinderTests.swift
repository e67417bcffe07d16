import Columns
import SQL
import Testing

struct BinderTests {
    @Test func dottedNamesNeedNoQuotes() throws {
        #expect(
            try Bind.plan(
                "SELECT http.response.status_code, r.url.path AS p FROM requests AS r WHERE event.duration > 5")
                    == """
                    project http.response.status_code, url.path AS p
                      scan requests [event.duration, http.response.status_code, url.path] where (event.duration > 5)
                    """)
    }

    @Test func starKeepsAllColumns() throws {
        #expect(try Bind.plan("SELECT * FROM types").hasPrefix("scan types [b, i8, i16, i, l, f, d, s, bin"))
        #expect(try Bind.plan("SELECT t.*, l FROM types t LIMIT 3").contains("l AS l0"))
    }

    @Test func groupsByNameOrdinalAndAlias() throws {
        let wanted = """
            project http.response.status_code AS s, $aggregate0 AS n
              aggregate by (http.response.status_code) COUNT(*)
                scan requests [http.response.status_code]
            """
        let select = "SELECT http.response.status_code AS s, COUNT(*) AS n FROM requests GROUP BY "
        #expect(try Bind.plan(select + "http.response.status_code") == wanted)
        #expect(try Bind.plan(select + "1") == wanted)
        #expect(try Bind.plan(select + "s") == wanted)
        #expect(try Bind.plan(select + "requests.http.response.status_code") == wanted)
    }

    @Test func countReadsNoColumn() throws {
        #expect(
            try Bind.plan("SELECT count(*) FROM requests") == """
                project $aggregate0 AS EXPR$0
                  aggregate by () COUNT(*)
                    scan requests []
                """)
    }

    @Test func groupedExpressions() throws {
        #expect(
            try Bind.plan(
                """
                SELECT l % 10 AS k, SUM(d) / COUNT(*) + 1 AS a, SUM(d) AS s FROM types
                GROUP BY l % 10 HAVING COUNT(*) > 5 AND l % 10 <> 3 ORDER BY s DESC, MAX(i) LIMIT 7
                """) == """
                    project k, a, s
                      limit 7
                        sort s DESC, $sort0
                          project $key0 AS k, (($aggregate0 / CAST($aggregate1 AS DOUBLE)) + 1.0) AS a, $aggregate0 AS s, $aggregate2 AS $sort0
                            filter ($aggregate1 > 5)
                              aggregate by ((l % 10)) SUM(d), COUNT(*), MAX(i)
                                scan types [i, l, d] where ((l % 10) <> 3)
                    """)
    }

    @Test func orderByOfWhatIsNotSelected() throws {
        #expect(
            try Bind.plan("SELECT s FROM types ORDER BY l DESC NULLS FIRST, s") == """
                project s
                  sort $sort0 DESC NULLS FIRST, s
                    project s, l AS $sort0
                      scan types [l, s]
                """)
        // An alias hides the column of its name.
        #expect(
            try Bind.plan("SELECT -l AS s FROM types ORDER BY s") == """
                sort s
                  project -l AS s
                    scan types [l]
                """)
    }

    @Test func windowsOverTables() throws {
        let wanted = """
            project window_start, $aggregate0 AS n
              aggregate by (window_start, window_end) COUNT(*)
                tumble @timestamp size 10000000
                  scan requests [@timestamp, http.response.status_code] where (http.response.status_code >= 500)
            """
        let tail = " WHERE http.response.status_code >= 500 GROUP BY window_start, window_end"
        let head = "SELECT window_start, COUNT(*) AS n FROM "
        let tables = [
            "TABLE(TUMBLE(TABLE requests, DESCRIPTOR(`@timestamp`), INTERVAL '10' SECOND))",
            "TABLE(TUMBLE(requests, DESCRIPTOR(@timestamp), INTERVAL '10' SECONDS))",
            "TUMBLE(TABLE requests, DESCRIPTOR(@timestamp), INTERVAL '10' SECOND)",
            "TABLE(TUMBLE(DATA => TABLE requests, TIMECOL => DESCRIPTOR(@timestamp), SIZE => INTERVAL '10' SECOND))",
        ]
        for table in tables {
            #expect(try Bind.plan(head + table + tail) == wanted, "\(table)")
        }
        #expect(
            try Bind.plan(
                """
                SELECT * FROM TABLE(HOP(DATA => TABLE types, TIMECOL => DESCRIPTOR(ts), SLIDE => INTERVAL '2' SECOND,
                SIZE => INTERVAL '10' SECOND, OFFSET => INTERVAL '1' SECOND))
                """
            ).hasPrefix("hop ts slide 2000000 size 10000000 offset 1000000"))
    }

    @Test func commonTablesAndSubqueries() throws {
        #expect(
            try Bind.plan(
                """
                WITH a AS (SELECT l AS x, s FROM types WHERE l > 1), b (y) AS (SELECT x * 2 FROM a)
                SELECT q.y FROM (SELECT y, y + 1 AS z FROM b) AS q WHERE q.y < 10
                """)
                    == """
                    project (l * 2) AS y
                      scan types [l] where (l > 1) AND ((l * 2) < 10)
                    """.replacing("(l > 1) AND ((l * 2) < 10)", with: "((l > 1) AND ((l * 2) < 10))"))
    }

    @Test func unionsAlignTypes() throws {
        #expect(
            try Bind.plan("SELECT i, s FROM types UNION ALL SELECT d, s FROM types ORDER BY 1") == """
                sort i
                  union
                    project CAST(i AS DOUBLE) AS i, s
                      scan types [i, s]
                    project d AS i, s
                      scan types [d, s]
                """)
        #expect(try Bind.plan("SELECT 1 UNION SELECT 2").hasPrefix("distinct\n  union"))
    }

    @Test func namesOfResults() throws {
        #expect(
            try Bind.plan("SELECT l, l, 1, l + 1, l AS l0 FROM types")
                == "project l, l AS l0, 1 AS EXPR$2, (l + 1) AS EXPR$3, l AS l00\n  scan types [l]")
        #expect(try Bind.plan("VALUES (1, 'a'), (NULL, 'b')") == "values [EXPR$0, EXPR$1] (1, 'a'), (NULL, 'b')")
        #expect(
            try Bind.plan("SELECT y FROM (VALUES (1, 'a')) AS v (x, y)")
                == "project EXPR$1 AS y\n  values [EXPR$1] ('a')")
    }

    @Test func implicitConversions() throws {
        func condition(_ text: String) throws -> String {
            let plan = try Bind.plan("SELECT b FROM types WHERE \(text)")
            return String(plan[(plan.firstRange(of: "where ")?.upperBound ?? plan.startIndex)...])
        }
        #expect(try condition("l = i") == "(l = i)")
        #expect(try condition("l = d") == "(CAST(l AS DOUBLE) = d)")
        #expect(try condition("s = 5") == "(CAST(s AS BIGINT) = 5)")
        #expect(try condition("l = '404'") == "(l = 404)")
        #expect(try condition("ip = '10.0.0.1'").hasPrefix("(ip = IP "))
        #expect(try condition("ts > '1970-01-01 00:00:01'") == "(ts > TIMESTAMP 1000000)")
        #expect(
            try condition("ts > TIMESTAMP '1970-01-01 00:00:01' + INTERVAL '1' SECOND") == "(ts > TIMESTAMP 2000000)")
        #expect(try condition("day = DATE '1970-01-02'") == "(day = DATE 1)")
        #expect(try condition("l IN (1, 2, NULL)") == "(l IN (1, 2, NULL))")
        #expect(try condition("l NOT IN (1, i)") == "NOT ((l = 1) OR (l = i))")
        #expect(try condition("d IN (1, 2.5)") == "(d IN (1.0, 2.5))")
        #expect(try condition("l BETWEEN 1 AND 2 * 3") == "((l >= 1) AND (l <= 6))")
        #expect(try condition("b") == "b")
        #expect(try condition("b IS NOT TRUE AND s IS NOT NULL") == "(NOT (b IS TRUE) AND NOT (s IS NULL))")
        #expect(try condition("CASE i WHEN 1 THEN TRUE ELSE b END") == "CASE WHEN (i = 1) THEN TRUE ELSE b END")
        #expect(try condition("j = 5") == "(TRY_CAST(j AS DOUBLE) = 5.0)")
    }

    @Test func constantsAreFolded() throws {
        #expect(
            try Bind.plan("SELECT 1 + 2 * 3, 'a' || 'b', CAST('7' AS INT)").hasPrefix(
                "project 7 AS EXPR$0, 'ab' AS EXPR$1, 7 AS EXPR$2"))
        #expect(try Bind.plan("SELECT l FROM types WHERE 1 = 1 AND l > 0") == "scan types [l] where (l > 0)")
        #expect(try Bind.plan("SELECT l FROM types WHERE 1 = 2") == "values [l] ")
        // What fails may never be reached.
        #expect(try Bind.plan("SELECT 1 / 0").hasPrefix("project (1 / 0)"))
        #expect(try Bind.plan("SELECT CURRENT_TIMESTAMP").hasPrefix("project CURRENT_TIMESTAMP()"))
    }

    @Test func predicatesStopAtLimits() throws {
        #expect(
            try Bind.plan("SELECT * FROM (SELECT l FROM types LIMIT 5) WHERE l > 1") == """
                filter (l > 1)
                  limit 5
                    scan types [l]
                """)
        #expect(
            try Bind.plan("SELECT n FROM (SELECT COUNT(*) AS n FROM types) WHERE 1 = 2 OR n > 1").contains("filter"))
    }

    @Test func conditionsAlone() throws {
        let fields = [PlanField(name: "http.response.status_code", type: .bigint)]
        let condition = try Binder.bindCondition("http.response.status_code >= 500", fields: fields)
        #expect(condition.type == .boolean)
        #expect(throws: SQLError.self) { try Binder.bindCondition("http.response.status_code", fields: fields) }
        #expect(throws: SQLError.self) { try Binder.bindCondition("COUNT(*) > 1", fields: fields) }
        #expect(throws: SQLError.self) { try Binder.bindCondition("TRUE; SELECT 1", fields: fields) }
        #expect(throws: SQLError.self) { try Binder.bindCondition("", fields: fields) }
    }

    @Test func repeatedCommonTablesAreBounded() {
        var text = "WITH t0 AS (SELECT l FROM types)"
        for level in 1...40 {
            text += ", t\(level) AS (SELECT * FROM t\(level - 1) UNION ALL SELECT * FROM t\(level - 1))"
        }
        #expect(Bind.error(text + " SELECT * FROM t40")?.code == .limitExceeded)
    }

    @Test func repeatedOperandsAreBounded() {
        var text = "l"
        for _ in 0..<40 { text = "CASE (\(text)) WHEN 1 THEN 2 WHEN 2 THEN 3 WHEN 3 THEN 4 ELSE 5 END" }
        #expect(Bind.error("SELECT \(text) FROM types")?.code == .limitExceeded)
    }

    @Test func subqueriesAreAskedForInsideOut() throws {
        let query = try SQLParser.parseQuery(
            "SELECT s FROM types WHERE l > (SELECT MAX(l) FROM types WHERE EXISTS (SELECT 1))")
        let binder = Binder(catalog: TestCatalog())
        let one = Batch(schema: Schema([]), rowCount: 1, columns: [])
        guard case .needsAnswer(let inner) = try binder.bind(query, answers: []) else {
            Issue.record("no first sub-query")
            return
        }
        #expect("\(inner)".hasPrefix("limit 1"))
        guard case .needsAnswer(let outer) = try binder.bind(query, answers: [SubqueryAnswer([one])]) else {
            Issue.record("no second sub-query")
            return
        }
        #expect("\(outer)".contains("MAX(l)"))
        let value = Column(type: .int64, count: 1, validity: nil, storage: .int64([7]))
        let row = Batch(schema: Schema([Field("m", .int64)]), rowCount: 1, columns: [value])
        guard case .plan(let plan) = try binder.bind(query, answers: [SubqueryAnswer([one]), SubqueryAnswer([row])])
        else {
            Issue.record("no plan")
            return
        }
        #expect("\(plan)" == "project s\n  scan types [l, s] where (l > 7)")
        #expect(try binder.fields(of: query) == [PlanField(name: "s", type: .varchar)])
    }
}
