import Columns
import Testing

@Suite struct NDJSONReaderTests {
    /// All rows as one batch, and the report; the text comes in pieces of `piece` bytes.
    private func read(
        _ text: String, _ fields: [Field], piece: Int = .max, options: NDJSONOptions = NDJSONOptions()
    ) -> (Batch, ReadReport) {
        readBytes(Array(text.utf8), fields, piece: piece, options: options)
    }

    private func readBytes(
        _ bytes: [UInt8], _ fields: [Field], piece: Int = .max, options: NDJSONOptions = NDJSONOptions()
    ) -> (Batch, ReadReport) {
        var reader = NDJSONReader(schema: Schema(fields), options: options)
        var start = 0
        while start < bytes.count {
            let end = piece > bytes.count - start ? bytes.count : start + piece
            reader.feed(bytes.span.extracting(start..<end))
            start = end
        }
        reader.finish()
        var batches: [Batch] = []
        while let batch = reader.nextBatch() { batches.append(batch) }
        let none = Batch(
            schema: Schema(fields), rowCount: 0, columns: fields.map { Column.nulls($0.type, count: 0) })
        return (batches.isEmpty ? none : Batch.concatenate(batches), reader.report)
    }

    /// Each row as JSON, without the fields that are null.
    private func lines(_ batch: Batch) -> [String] {
        (0..<batch.rowCount).map { row in
            var writer = JSONWriter(names: batch.schema.fields.map(\.name))
            writer.append(batch.slice(row..<row + 1), prefix: "", suffix: "")
            return String(decoding: writer.take(), as: UTF8.self)
        }
    }

    private let every: [Field] = [
        Field("b", .bool), Field("i", .int64), Field("f", .float64), Field("t", .timestamp), Field("s", .string),
        Field("a", .ip), Field("j", .json), Field("_unfit", .json),
    ]

    /// Keys that begin as those of the line before, are longer or shorter, come in another order, or end the text.
    @Test(arguments: [1, 40, 4_096]) func keysAreToldApart(piece: Int) {
        let names = (1...40).map { String(repeating: "k", count: $0) } + ["", "kkkkkkkkx", "kkkkkkkkkkkkkkkkx", "x"]
        let wanted = names.filter { $0.utf8.count % 3 == 1 || $0.hasSuffix("x") }
        var text = ""
        var expected: [[Int?]] = []
        for line in 0..<200 {
            let keys = (0..<(line * 7) % 9).map { names[(line * 13 + $0 * $0 * 5 + line / 3) % names.count] }
            text += "{" + keys.enumerated().map { "\"\($1)\":\(line * 100 + $0)" }.joined(separator: ",") + "}\n"
            expected.append(wanted.map { name in keys.firstIndex(of: name).map { line * 100 + $0 } })
        }
        let (batch, report) = read(String(text.dropLast()), wanted.map { Field($0, .int64) }, piece: piece)
        #expect(report.rows == 200 && report.malformedLines == 0)
        for (index, column) in batch.columns.enumerated() {
            let values = column.int64s ?? []
            #expect((0..<200).map { column.isNull($0) ? nil : Int(values[$0]) } == expected.map { $0[index] })
        }
    }

    @Test(arguments: [1, 3, 64, 1000])
    func everyTypeIsRead(piece: Int) {
        let text = """
            {"b":true,"i":-12,"f":1.5,"t":"2026-01-01T00:00:00.5Z","s":"x\\u00e9\\n","a":"10.0.0.1","j":{"k":[1, 2]}}

              { "i" : 0 , "f" : 3 , "t" : 1000 , "s" : "" , "j" : "q" , "other" : [ { } , [ ] , "]" ] }\r
            {"b":null,"i":null,"f":null,"t":null,"s":null,"a":null,"j":null}
            {}
            """
        let (batch, report) = read(text, every, piece: piece)
        #expect(
            lines(batch) == [
                #"{"b":true,"i":-12,"f":1.5,"t":"2026-01-01T00:00:00.500Z","s":"xé\n","a":"10.0.0.1","j":{"k":[1, 2]},"_unfit":null}"#,
                #"{"b":null,"i":0,"f":3.0,"t":"1970-01-01T00:00:01Z","s":"","a":null,"j":"q","_unfit":null}"#,
                #"{"b":null,"i":null,"f":null,"t":null,"s":null,"a":null,"j":null,"_unfit":null}"#,
                #"{"b":null,"i":null,"f":null,"t":null,"s":null,"a":null,"j":null,"_unfit":null}"#,
            ])
        #expect(report.rows == 4 && report.malformedLines == 0 && report.unfitValues == 0 && report.lines == 5)
        #expect(report.bytes == text.utf8.count)
    }

    @Test func whatDoesNotFitIsKept() {
        let text = """
            {"b":1,"i":99999999999999999999,"f":"x","t":"yesterday","s":[1],"a":"localhost"}
            {"i":1.5,"i":7,"s":12.50,"f":1e400}
            {"i":2.0,"s":true}
            """
        let (batch, report) = read(text, every)
        #expect(
            lines(batch) == [
                #"{"b":null,"i":null,"f":null,"t":null,"s":null,"a":null,"j":null,"_unfit":{"b":1,"i":99999999999999999999,"f":"x","t":"yesterday","s":[1],"a":"localhost"}}"#,
                #"{"b":null,"i":null,"f":null,"t":null,"s":"12.50","a":null,"j":null,"_unfit":{"i":1.5,"f":1e400}}"#,
                #"{"b":null,"i":2,"f":null,"t":null,"s":"true","a":null,"j":null,"_unfit":null}"#,
            ])
        #expect(report.unfitValues == 8 && report.malformedLines == 0)
    }

    @Test func dottedNamesMatchEveryNesting() {
        let fields = [Field("a.b.c", .int64), Field("a.b", .json), Field("a.d", .string), Field("x", .int64)]
        let text = """
            {"a.b.c":1,"a.d":"p"}
            {"a":{"b.c":2,"d":"q"}}
            {"a.b":{"c":3}}
            {"a":{"d":"r","z":{"d":1}},"x":4}
            {"a":{"d":{"e":1}},"x":{"y":5}}
            """
        let (batch, _) = read(text, fields)
        #expect(batch.columns[0].int64s?[0] == 1 && batch.columns[0].int64s?[1] == 2)
        #expect((0..<5).map { batch.columns[2].string($0) } == ["p", "q", nil, "r", nil])
        #expect(batch.columns[1].string(2) == #"{"c":3}"#)
        #expect(batch.columns[3].int64s?[3] == 4 && batch.columns[3].isNull(4))
    }

    @Test func unknownKeysAreCollectedWhereAsked() {
        var options = NDJSONOptions()
        options.collectsUnknown = true
        let text = #"{"a":{"b":1,"new":[1,{"x":"y"}]},"q\"uote":"v"}"#
        let (batch, report) = read(text, [Field("a.b", .int64), Field("_unfit", .json)], options: options)
        #expect(batch.columns[1].string(0) == #"{"a.new":[1,{"x":"y"}],"q\"uote":"v"}"#)
        #expect(report.unknownValues == 2 && report.unfitValues == 0)
    }

    @Test(arguments: [
        "{", "}", "[]", "1", "null", "{\"i\":}", "{\"i\":1,}", "{\"i\" 1}", "{\"i\":1 2}", "{\"i\":1}}", "{\"i\":1}{}",
        "{i:1}", "{\"i\":01}", "{\"i\":+1}", "{\"i\":.5}", "{\"i\":1.}", "{\"i\":tru}", "{\"i\":truely}",
        "{\"s\":\"\\x\"}",
        "{\"s\":\"\\u12g4\"}", "{\"s\":\"a", "{\"s\":\"a\"x}", "{\"o\":[1,}]}", "{\"o\":{\"k\":1]}", "{\"o\":[[}",
        "{\"j\":[1 2]}",
        "{\"j\":[tru]}", "{\"j\":[\"\\q\"]}", "{\"j\":{\"k\"}}", "{\"i\":1", "{\"o\":[1,2", "{\"i\":", "{\"i\"",
        "{\"s\":\"\u{1}\"}",
        "{\"i\":-}", "{,}", "{\"a\":1,,\"b\":2}", "\"", "{\"o\":}", "{\"o\":,}", "{\"i\":1:2}", "{:1}", "{\"x\\u0\":1}",
    ])
    func aBadLineIsSkippedAndNamed(line: String) {
        let good = #"{"i":1,"s":"ok","j":[1]}"#
        // The key with a wrong escape is no column's, and nothing else is wrong with it.
        let isTaken = line == "{\"x\\u0\":1}"
        let text = "\(good)\n\(line)\n\(good)\n\(line)\n\n\(good)"
        for piece in [5, Int.max] {
            let (batch, report) = read(text, every, piece: piece)
            #expect(batch.rowCount == (isTaken ? 5 : 3), "\(line) \(report.problems)")
            #expect(report.malformedLines == (isTaken ? 0 : 2) && report.lines == 6)
            if isTaken { continue }
            #expect(report.problems.map(\.line) == [2, 4])
            #expect(report.problems.map(\.offset) == [good.utf8.count + 1, 2 * good.utf8.count + line.utf8.count + 3])
            #expect(lines(batch).allSatisfy { $0.hasPrefix(#"{"b":null,"i":1,"f":null,"t":null,"s":"ok""#) })
        }
    }

    @Test func wrongUTF8IsRepaired() {
        let bytes = Array("{\"s\":\"a".utf8) + [0xff, 0xc3] + Array("b\"}\n{\"s\":\"grün\"}\n".utf8)
        let (batch, report) = readBytes(bytes, [Field("s", .string)])
        #expect((0..<2).map { batch.columns[0].string($0) } == ["a\u{fffd}\u{fffd}b", "grün"])
        #expect(report.repairedLines == 1 && report.malformedLines == 0)
    }

    @Test func limitsHold() {
        var options = NDJSONOptions()
        options.maximumLineBytes = 40
        options.maximumDepth = 3
        options.maximumKeysPerLine = 3
        let long = #"{"s":"\#(String(repeating: "x", count: 50))"}"#
        let text = """
            \(long)
            {"o":{"o":{"o":1}}}
            {"o":[[[1]]]}
            {"i":1,"k":2,"l":3,"m":4}
            {"i":5}
            \(long)
            """
        for piece in [7, Int.max] {
            let (batch, report) = read(
                text, [Field("i", .int64), Field("o.o.o", .int64)], piece: piece, options: options)
            #expect(batch.rowCount == 2 && report.malformedLines == 4 && report.lines == 6, "\(report)")
        }
        options = NDJSONOptions()
        options.batchRows = 10
        var reader = NDJSONReader(schema: Schema([Field("i", .int64)]), options: options)
        let many = Array(String(repeating: "{\"i\":1}\n", count: 25).utf8)
        reader.feed(many.span)
        reader.finish()
        var sizes: [Int] = []
        while let batch = reader.nextBatch() { sizes.append(batch.rowCount) }
        #expect(sizes == [10, 10, 5])
    }

    @Test func damagedLinesNeverTrap() {
        let line = Array(
            #"{"i":12,"o":{"s":"a\"\u00e9","j":[1,{"k":null}]},"s":"xyz","t":"2026-01-01T00:00:00Z","f":-1.5e3}"#.utf8)
        var options = NDJSONOptions()
        options.batchRows = 4
        for index in line.indices {
            for byte in Array("\"\\{}[]:,\n 0a\u{0}".utf8) + [0xff, 0x80] {
                var damaged = line + [0x0a] + line + [0x0a] + line
                damaged[line.count + 1 + index] = byte
                let (batch, report) = readBytes(damaged, every, options: options)
                #expect(batch.rowCount >= 2 && batch.rowCount == report.rows)
                let inferred = SchemaInference.ndjson(damaged.span)
                #expect(inferred.count > 0)
            }
        }
    }

    @Test func writtenRowsReadBack() {
        var generator = Generator(seed: 11)
        let fields = [
            Field("b", .bool), Field("i", .int64), Field("t", .timestamp), Field("s", .string), Field("a.x", .ip),
        ]
        let columns = fields.map { generator.column($0.type, rows: 500) }
        let times = columns[2].int64s?.map { $0 % 200_000_000_000_000_000 / 4 + 10_000_000_000_000_000 } ?? []
        let clamped = Column(type: .timestamp, count: 500, validity: columns[2].validity, storage: .int64(times))
        let batch = Batch(
            schema: Schema(fields), rowCount: 500, columns: [columns[0], columns[1], clamped, columns[3], columns[4]])
        var writer = JSONWriter(names: fields.map(\.name))
        writer.append(batch, prefix: "", suffix: "\n")
        let (back, report) = readBytes(writer.take(), fields)
        #expect(isSame(back, batch) && report.malformedLines == 0 && report.unfitValues == 0)
    }

    @Test func schemaIsInferredAndNests() {
        let text = """
            {"@timestamp":1,"i":1,"f":1,"n":null,"u":{"p":"x","q":{"r":true}},"m":1,"e":{},"d":"2026-01-01 00:00:00.1"}
            not JSON
            {"f":1.5,"n":"x","l":[1],"m":"x","d":"2026-01-01T00:00:00Z","big":99999999999999999999,"s":"2026","late":{"e":1}}
            """
        let bytes = Array(text.utf8)
        let schema = SchemaInference.ndjson(bytes.span)
        let types = Dictionary(uniqueKeysWithValues: schema.fields.map { ($0.name, $0.type) })
        #expect(schema.fields.first == Field("@timestamp", .timestamp))
        #expect(
            types == [
                "@timestamp": .timestamp, "i": .int64, "f": .float64, "n": .string, "u.p": .string, "u.q.r": .bool,
                "m": .json, "e": .json, "d": .timestamp, "l": .json, "big": .float64, "s": .string, "late.e": .int64,
            ])
        #expect(SchemaInference.fields(ofNDJSON: bytes.span).fractional == ["f", "big"])
    }
}
