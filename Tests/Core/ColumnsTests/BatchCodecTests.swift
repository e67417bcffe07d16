import Columns
import Testing

@Suite struct BatchCodecTests {
    @Test(arguments: [0, 1, 2, 63, 64, 65, 300, 1000])
    func everyTypeComesBack(rows: Int) throws {
        for seed in 0..<6 {
            var generator = Generator(seed: UInt64(seed * 1000 + rows))
            let batch = generator.batch(rows: rows)
            for compression in Compression.allCases {
                let bytes = BatchCodec.encode(batch, compression: compression)
                #expect(isSame(try BatchCodec.decode(bytes.span), batch), "seed \(seed), \(compression)")
            }
        }
    }

    @Test func projectionReadsInTheOrderAsked() throws {
        var generator = Generator(seed: 5)
        let batch = generator.batch(rows: 100)
        let bytes = BatchCodec.encode(batch)
        let decoded = try BatchCodec.decode(bytes.span, columns: ["other.ip", "nobody", "int64"])
        #expect(decoded.schema.fields.map(\.name) == ["other.ip", "int64"])
        #expect(decoded.rowCount == 100)
        let none = try BatchCodec.decode(bytes.span, columns: [])
        #expect(none.rowCount == 100 && none.columns.isEmpty)
        let header = try BatchCodec.header(bytes.span)
        #expect(header.schema == batch.schema && header.rowCount == 100)
    }

    @Test func aWiderSchemaReadsNulls() throws {
        var generator = Generator(seed: 6)
        let batch = generator.batch(rows: 10).project([2, 10])
        let wide = Schema([Field("new", .json), batch.schema.fields[1], Field(batch.schema.fields[0].name, .string)])
        let bytes = BatchCodec.encode(batch)
        let decoded = try BatchCodec.decode(bytes.span, schema: wide)
        #expect(isSame(decoded, batch.conformed(to: wide)))
        #expect(decoded.columns[0].nullCount == 10 && decoded.columns[2].nullCount == 10)
    }

    @Test func aDamagedByteNeverTraps() {
        for seed in 0..<3 {
            var generator = Generator(seed: UInt64(100 + seed))
            let batch = generator.batch(rows: [7, 20, 66][seed])
            let bytes = BatchCodec.encode(batch, compression: [.none, .lz4, .zstd][seed])
            for index in bytes.indices {
                for flip: UInt8 in [0x01, 0xff] {
                    var damaged = bytes
                    damaged[index] ^= flip
                    _ = try? BatchCodec.decode(damaged.span)
                }
            }
        }
    }

    @Test func aCutNeverTraps() {
        var generator = Generator(seed: 77)
        let bytes = BatchCodec.encode(generator.batch(rows: 33))
        for count in bytes.indices {
            #expect(throws: CodecError.self) { try BatchCodec.decode(bytes.span.extracting(..<count)) }
        }
    }

    @Test func limitsHold() {
        let schema = Schema([Field("a", .int64)])
        let batch = Batch(
            schema: schema, rowCount: 2000,
            columns: [
                Column(type: .int64, count: 2000, validity: nil, storage: .int64(Array(repeating: 1, count: 2000)))
            ])
        let bytes = BatchCodec.encode(batch)
        var limits = BatchCodecLimits()
        limits.maximumRows = 1999
        #expect(throws: CodecError.self) { try BatchCodec.decode(bytes.span, limits: limits) }
        limits = BatchCodecLimits()
        limits.maximumDecodedBytes = 10_000
        #expect(throws: CodecError.self) { try BatchCodec.decode(bytes.span, limits: limits) }
    }
}
