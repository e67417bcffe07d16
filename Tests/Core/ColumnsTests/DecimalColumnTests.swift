import Columns
import Testing

@Suite struct DecimalColumnTests {
    private static let limit: Int128 = 100_000_000_000_000_000_000_000_000_000_000_000_000

    private static func batch(_ values: [Int128?], scale: UInt8 = 2) -> Batch {
        var builder = BatchBuilder(schema: Schema([Field("d", .decimal(scale: scale))]), capacity: values.count)
        for value in values {
            if let value { builder[0].append(decimal: value) } else { builder[0].appendNull() }
            builder.endRow()
        }
        return builder.finish()
    }

    private static func text(_ batch: Batch) -> String {
        var writer = JSONWriter(names: batch.schema.fields.map(\.name))
        writer.append(batch, prefix: "", suffix: "\n")
        return String(decoding: writer.take(), as: UTF8.self)
    }

    /// The form on disk follows the values: one, distances or steps in 64 bits, 16 bytes each.
    @Test func valuesTakeAsLittleRoomAsIntegersDo() throws {
        var generator = Generator(seed: 1)
        let cases: [(values: [Int128?], bytes: Int)] = [
            (Array(repeating: 1 << 100, count: 1_000), 16),
            ((0..<1_000).map { 500 + $0 % 16 }, 508 + 9),
            ((0..<1_000).map { Int128($0) * 250 }, 17),
            ((0..<1_000).map { _ in Int128(Int64(truncatingIfNeeded: generator.next())) }, 8_009),
            ((0..<1_000).map { Int128($0) << 64 }, 16_000),
        ]
        for (values, bytes) in cases {
            let batch = Self.batch(values)
            let encoded = BatchCodec.encode(batch, compression: .none)
            let column = try BatchCodec.columnRanges(encoded.span)[0].range.count
            #expect(column <= bytes && column > bytes - 16, "\(column) bytes, not \(bytes)")
            #expect(isSame(try BatchCodec.decode(encoded.span), batch))
        }
        let nulls = Self.batch([nil, 1, nil, 2 << 90, nil])
        #expect(isSame(try BatchCodec.decode(BatchCodec.encode(nulls).span), nulls))
    }

    @Test func onlyBatchesWithDecimalsNeedTheNewVersion() throws {
        let integers = Column(type: .int64, count: 2, validity: nil, storage: .int64([1, 2]))
        let old = Batch(schema: Schema([Field("i", .int64)]), rowCount: 2, columns: [integers])
        #expect(BatchCodec.encode(old)[0] == 1)
        var new = BatchCodec.encode(Self.batch([1, 2]))
        #expect(new[0] == 2)
        // What an older program never wrote is no batch of its version.
        new[0] = 1
        let error = #expect(throws: CodecError.self) { _ = try BatchCodec.decode(new.span) }
        #expect(error?.code == .malformed)
        new[0] = 3
        #expect(throws: CodecError.self) { _ = try BatchCodec.decode(new.span) }
    }

    @Test func valuesAndScalesBeyondAllDecimalsAreRefused() {
        for beyond in [[Self.limit, 0], [-Self.limit, 0], [Int128.min, 0], [Self.limit, Self.limit]] {
            let column = Column(type: .decimal(scale: 2), count: 2, validity: nil, storage: .decimal(beyond))
            let batch = Batch(schema: Schema([Field("d", column.type)]), rowCount: 2, columns: [column])
            let bytes = BatchCodec.encode(batch)
            #expect(throws: CodecError.self) { _ = try BatchCodec.decode(bytes.span) }
        }
        var bytes = BatchCodec.encode(Self.batch([1, 2]))
        // version, rows, columns, length of the name, "d", type, scale
        #expect(bytes[5] == 9 && bytes[6] == 2)
        bytes[6] = 39
        #expect(throws: CodecError.self) { _ = try BatchCodec.decode(bytes.span) }
    }

    @Test func anotherScaleIsAnotherType() throws {
        let bytes = BatchCodec.encode(Self.batch([150], scale: 2))
        let decoded = try BatchCodec.decode(bytes.span, schema: Schema([Field("d", .decimal(scale: 1))]))
        #expect(decoded.columns[0].nullCount == 1)
    }

    @Test func typesAreWrittenWithTheirScale() {
        for type in Generator.types { #expect(FieldType("\(type)") == type) }
        #expect("\(FieldType.decimal(scale: 7))" == "decimal(7)")
        for wrong in ["decimal", "decimal()", "decimal(39)", "decimal(-1)", "decimal(300)", "decimal(2", "Decimal(2)"] {
            #expect(FieldType(wrong) == nil)
        }
    }

    @Test func linesOfJSONAreReadExactly() {
        let schema = Schema([Field("d", .decimal(scale: 20)), Field("_unfit", .json)])
        var reader = NDJSONReader(schema: schema)
        let lines = """
            {"d": 123456789012345678.12345678901234567890}
            {"d": 0.1}
            {"d": -7}
            {"d": 1.5e2}
            {"d": "0.30"}
            {"d": 0.000000000000000000005}
            {"d": null}
            {"d": 1e18}
            {"d": "12 EUR"}
            {"d": true}
            {"d": [1]}
            {"d": 01}
            """
        reader.feed(Array(lines.utf8).span)
        reader.finish()
        let batch = reader.nextBatch() ?? Self.batch([])
        #expect(
            Self.text(batch) == """
                {"d":123456789012345678.12345678901234567890,"_unfit":null}
                {"d":0.10000000000000000000,"_unfit":null}
                {"d":-7.00000000000000000000,"_unfit":null}
                {"d":150.00000000000000000000,"_unfit":null}
                {"d":0.30000000000000000000,"_unfit":null}
                {"d":0.00000000000000000001,"_unfit":null}
                {"d":null,"_unfit":null}
                {"d":null,"_unfit":{"d":1e18}}
                {"d":null,"_unfit":{"d":"12 EUR"}}
                {"d":null,"_unfit":{"d":true}}
                {"d":null,"_unfit":{"d":[1]}}

                """)
        #expect(reader.report.unfitValues == 4 && reader.report.malformedLines == 1)
    }

    @Test func recordsOfCSVAreReadExactly() {
        var reader = CSVReader(schema: Schema([Field("d", .decimal(scale: 2))]))
        reader.feed(Array("d\n12345678901234567890123456789.01\n1.005\n-1.005\n.5\nx\n\"7\"\n".utf8).span)
        reader.finish()
        let batch = reader.nextBatch() ?? Self.batch([])
        #expect(
            Self.text(batch) == """
                {"d":12345678901234567890123456789.01}
                {"d":1.01}
                {"d":-1.01}
                {"d":0.50}
                {"d":null}
                {"d":7.00}

                """)
        #expect(reader.report.unfitValues == 1)
    }

    @Test func nobodyGuessesDecimals() {
        let json = SchemaInference.ndjson(Array(#"{"a": 1.50, "b": 12345678901234567890123}"#.utf8).span)
        #expect(json.fields.map(\.type) == [.float64, .float64])
        let csv = CSVReader.inferSchema(Array("a,b\n1.50,12345678901234567890123\n".utf8).span)
        #expect(csv.fields.map(\.type) == [.float64, .float64])
    }
}
