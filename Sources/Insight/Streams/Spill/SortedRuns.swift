import Columns
import SQL

/// Rows in order that were put aside, to be merged: runs of `ORDER BY`. A few are merged at a time, and the rows that they
/// have on hand are all that is in memory.
struct SortedRuns {
    /// Runs that are merged together.
    private static let width = 16

    private let order: SortOrder
    private let space: SpillSpace
    /// In the order of their coming: of equal rows those of an earlier run come first.
    private var files: [SpillFile] = []
    private var merge: Merge?

    init(_ order: SortOrder, _ space: SpillSpace) {
        self.order = order
        self.space = space
    }

    var isEmpty: Bool { files.isEmpty }

    /// - Parameter sorted: rows that come behind all that were appended before, where they are equal.
    mutating func append(_ sorted: Batch) throws(SQLError) {
        let file = SpillFile(space)
        for start in stride(from: 0, to: sorted.rowCount, by: Batch.usualRowCount) {
            try file.append(sorted.slice(start..<min(start + Batch.usualRowCount, sorted.rowCount)))
        }
        try file.flush()
        files.append(file)
    }

    /// The next rows of all runs; `nil` at the end. Nothing may be appended any more.
    mutating func next() throws(SQLError) -> Batch? {
        while merge == nil, files.count > Self.width { try mergeSome() }
        if merge == nil { merge = try Merge(files, order) }
        return try merge?.next()
    }

    /// Makes one run of the first ones.
    private mutating func mergeSome() throws(SQLError) {
        var merge = try Merge(Array(files.prefix(Self.width)), order)
        let joined = SpillFile(space)
        while let batch = try merge.next() { try joined.append(batch) }
        try joined.flush()
        files.replaceSubrange(0..<Self.width, with: [joined])
    }

    private struct Merge {
        private struct Run {
            var reader: SpillFile.Reader
            var batch: Batch?
            var row = 0
        }

        private let order: SortOrder
        private var runs: [Run] = []

        init(_ files: [SpillFile], _ order: SortOrder) throws(SQLError) {
            self.order = order
            for file in files { runs.append(Run(reader: try file.makeReader())) }
        }

        /// The rows on hand that come before every row that is not: those up to the least of the runs' last ones.
        mutating func next() throws(SQLError) -> Batch? {
            for index in runs.indices where runs[index].batch == nil {
                runs[index].batch = try runs[index].reader.next()
                runs[index].row = 0
            }
            let open = runs.indices.filter { runs[$0].batch != nil }
            guard !open.isEmpty else { return nil }
            var parts: [Batch] = []
            var ranges: [Range<Int>] = []
            for index in open {
                guard let batch = runs[index].batch else { continue }
                let start = ranges.last?.upperBound ?? 0
                parts.append(batch.slice(runs[index].row..<batch.rowCount))
                ranges.append(start..<start + batch.rowCount - runs[index].row)
            }
            let all = parts.count == 1 ? parts[0] : Batch.concatenate(parts)
            let comparison = try order.comparison(of: all)
            // Row numbers go up from run to run, so equal rows are in the order of the runs.
            var bound = ranges[0].upperBound - 1
            for range in ranges.dropFirst() where comparison.compare(range.upperBound - 1, bound) < 0 {
                bound = range.upperBound - 1
            }
            var rows: [UInt32] = []
            for (index, range) in zip(open, ranges) {
                let end = Self.end(of: range, through: bound, comparison)
                for row in range.lowerBound..<end { rows.append(UInt32(row)) }
                runs[index].row += end - range.lowerBound
                if end == range.upperBound { runs[index].batch = nil }
            }
            comparison.sort(&rows)
            return all.select(rows: rows)
        }

        /// Where the rows of a run end that come no later than a row.
        private static func end(of run: Range<Int>, through bound: Int, _ comparison: SortOrder.Comparison) -> Int {
            var (low, high) = (run.lowerBound, run.upperBound)
            while low < high {
                let middle = (low + high) / 2
                let order = comparison.compare(middle, bound)
                if order < 0 || order == 0 && middle <= bound { low = middle + 1 } else { high = middle }
            }
            return low
        }
    }
}
