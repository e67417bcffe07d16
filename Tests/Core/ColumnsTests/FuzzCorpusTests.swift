import Columns
import Glibc
import Testing

/// Replays the inputs that the fuzzers start from, among them all that ever broke something (Fuzz/corpus).
@Suite struct FuzzCorpusTests {
    private func files(of target: String) -> [[UInt8]] {
        let root = #filePath.split(separator: "/").dropLast(4).joined(separator: "/")
        let folder = "/\(root)/Fuzz/corpus/\(target)"
        guard let directory = opendir(folder) else { return [] }
        defer { closedir(directory) }
        var inputs: [[UInt8]] = []
        while let entry = readdir(directory) {
            let name = withUnsafeBytes(of: entry.pointee.d_name) { bytes in
                String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
            }
            guard !name.hasPrefix("."), let file = fopen("\(folder)/\(name)", "r") else { continue }
            defer { fclose(file) }
            var bytes = [UInt8](repeating: 0, count: 1 << 20)
            let count = fread(&bytes, 1, bytes.count, file)
            inputs.append(Array(bytes[..<count]))
        }
        return inputs
    }

    @Test func batches() {
        let inputs = files(of: "BatchCodec")
        #expect(!inputs.isEmpty)
        var decoded = 0
        for input in inputs where (try? BatchCodec.decode(input.span)) != nil { decoded += 1 }
        #expect(decoded >= 3, "the format on disk has changed")
    }

    @Test func linesOfJSON() {
        let schema = Schema([Field("i", .int64), Field("s", .string), Field("a.b.c", .json), Field("_unfit", .json)])
        for input in files(of: "NDJSON") {
            var reader = NDJSONReader(schema: schema)
            for byte in input { reader.feed([byte].span) }
            reader.finish()
            var whole = NDJSONReader(schema: schema)
            whole.feed(input.span)
            whole.finish()
            let rows = [reader.report.rows, whole.report.rows]
            #expect(rows[0] == rows[1])
            _ = SchemaInference.ndjson(input.span)
        }
    }

    @Test func otherText() {
        for input in files(of: "CSV") {
            var reader = CSVReader(schema: CSVReader.inferSchema(input.span))
            reader.feed(input.span)
            reader.finish()
        }
        for input in files(of: "CombinedLog") {
            var reader = CombinedLogReader()
            reader.feed(input.span)
            reader.finish()
        }
    }
}
