import Glibc
import HTTPWire
import Testing

/// Replays what the fuzzers start from, among it what once broke something (Fuzz/corpus): any split, the same meaning.
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
            var bytes = [UInt8](repeating: 0, count: 64 << 10)
            let count = fread(&bytes, 1, bytes.count, file)
            inputs.append(Array(bytes[..<count]))
        }
        return inputs
    }

    private func outcome(_ parse: () throws -> String) -> String {
        do { return try parse() } catch { return "\(error)" }
    }

    @Test func requests() {
        let limits = WireLimits(startLineBytes: 200, fieldLineBytes: 300, headBytes: 800)
        let inputs = files(of: "HTTP1Request")
        #expect(!inputs.isEmpty)
        for input in inputs {
            let whole = outcome { "\(try parseRequest([input], limits: limits).map { Meaning($0.head) } as Any)" }
            let single = outcome {
                "\(try parseRequest(input.map { [$0] }, limits: limits).map { Meaning($0.head) } as Any)"
            }
            #expect(whole == single)
        }
    }

    @Test func responses() {
        let inputs = files(of: "HTTP1Response")
        #expect(!inputs.isEmpty)
        for input in inputs {
            let whole = outcome { "\(try parseResponse([input]).map { Meaning($0.head) } as Any)" }
            let single = outcome { "\(try parseResponse(input.map { [$0] }).map { Meaning($0.head) } as Any)" }
            #expect(whole == single)
        }
    }
}
