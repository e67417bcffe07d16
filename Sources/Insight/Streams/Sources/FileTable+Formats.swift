import Columns
import Runtime
import SQL

extension FileTable {
    /// Bytes of a file that are looked at to find its columns.
    private static var sampleBytes: Int { 1 << 20 }

    func makeSource(
        file: SequentialFile, head: [UInt8], columns: Schema, isInteractive: Bool
    ) -> any BatchSource {
        switch format {
        case .ndjson:
            FileSource(file: file, head: head, reader: NDJSONReader(schema: columns), isInteractive: isInteractive)
        case .csv:
            FileSource(file: file, head: head, reader: CSVReader(schema: columns), isInteractive: isInteractive)
        case .combined:
            FileSource(file: file, head: head, reader: CombinedLogReader(schema: columns), isInteractive: isInteractive)
        }
    }

    /// The file as several threads read it together; `nil` of pipes, of small files, and of CSV, whose records may hold
    /// line ends.
    func share(columns: Schema, minimumBytes: Int) throws(SQLError) -> (any SharedScan)? {
        guard !Self.isPipe(path), format != .csv else { return nil }
        let file = try Self.open(path)
        guard let size = file.sizeBytes, size >= minimumBytes else { return nil }
        let pieceBytes = min(max(size / 16, 4_096), 256 << 10)
        switch format {
        case .ndjson: return SharedFile(file: file, pieceBytes: pieceBytes) { NDJSONReader(schema: columns) }
        case .combined: return SharedFile(file: file, pieceBytes: pieceBytes) { CombinedLogReader(schema: columns) }
        case .csv: return nil
        }
    }

    /// The start of the file, up to the sample's size. With someone waiting at a pipe: what has come, and at least a
    /// line.
    static func readSample(of file: SequentialFile, isInteractive: Bool) throws(SQLError) -> [UInt8] {
        var sample = [UInt8](repeating: 0, count: sampleBytes)
        var count = 0
        do throws(StorageError) {
            while count < sample.count {
                let got = try file.read(into: &sample, count..<sample.count)
                if got == 0 { break }
                count += got
                if isInteractive, sample[..<count].contains(0x0a) { break }
            }
        } catch {
            throw SQLError(code: .sourceFailed, message: "\(error)")
        }
        sample.removeSubrange(count...)
        return sample
    }

    static func inferSchema(_ format: TableDefinition.FileFormat, _ sample: [UInt8]) -> Schema {
        switch format {
        case .ndjson: SchemaInference.ndjson(wholeLines(sample).span)
        case .csv: CSVReader.inferSchema(wholeLines(sample).span)
        case .combined: CombinedLogReader.schema
        }
    }

    /// Without the last line, which the sample's end may have cut.
    private static func wholeLines(_ sample: [UInt8]) -> [UInt8] {
        guard sample.count == sampleBytes, let newline = sample.lastIndex(of: 0x0a) else { return sample }
        return Array(sample[...newline])
    }
}
