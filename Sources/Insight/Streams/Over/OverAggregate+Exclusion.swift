import Columns
import SQL

extension OverAggregate {
    /// Over frames that exclude rows. The frame goes on as ever; what it excludes is taken back for the moment. What can't
    /// be taken back to the last bit, or depends on the order of values, is computed anew for each place.
    func excluding(_ pieces: [FramePieces]) throws(SQLError) -> Column {
        let counts = pieces.map { Int64($0.count) }
        if function == .countAll || function == .count && !call.isDistinct {
            return Column(type: .int64, count: count, validity: nil, storage: .int64(counts))
        }
        var frame = try Frame(self)
        var results: [Column] = []
        var indices: [UInt32] = []
        var last: FramePieces?
        for place in 0..<count {
            if results.isEmpty || pieces[place] != last {
                last = pieces[place]
                results.append(try frame.result(Int(values.starts[place])..<Int(values.ends[place]), pieces[place]))
            }
            indices.append(UInt32(results.count - 1))
        }
        guard let first = results.first else { return .nulls(call.type.fieldType, count: 0) }
        return Column.concatenate(results, type: first.type).select(rows: indices).trimmed()
    }

    private struct Frame {
        private let call: AggregateCall
        private let column: Column?
        private let canTakeBack: Bool
        private var accumulator: Accumulator
        private var held = 0..<0

        init(_ aggregate: OverAggregate) throws(SQLError) {
            let call = aggregate.call
            self.call = AggregateCall(
                function: aggregate.function, argument: call.argument, isDistinct: call.isDistinct,
                filter: call.filter, type: call.type)
            column = aggregate.values.column
            canTakeBack = column?.type != .float64 && !aggregate.function.isOrdered
            accumulator = try Accumulator.make(for: self.call, takesBack: canTakeBack)
        }

        mutating func result(_ frame: Range<Int>, _ pieces: FramePieces) throws(SQLError) -> Column {
            guard canTakeBack else {
                accumulator = try Accumulator.make(for: call)
                for piece in [pieces.before, pieces.own, pieces.after] { try add(piece) }
                return accumulator.results(of: [0], groupCount: 1)
            }
            if frame.lowerBound >= held.upperBound {
                accumulator = try Accumulator.make(for: call, takesBack: true)
                held = frame.lowerBound..<frame.lowerBound
            }
            try add(held.upperBound..<max(frame.upperBound, held.upperBound))
            try takeBack(held.lowerBound..<frame.lowerBound)
            held = frame.lowerBound..<max(frame.upperBound, held.upperBound)
            let hole = frame.clamped(
                to: pieces.before.upperBound..<max(pieces.after.lowerBound, pieces.before.upperBound))
            let excluded = [
                hole.clamped(to: hole.lowerBound..<max(pieces.own.lowerBound, hole.lowerBound)),
                hole.clamped(to: min(pieces.own.upperBound, hole.upperBound)..<hole.upperBound),
            ]
            for range in excluded { try takeBack(range) }
            let result = accumulator.results(of: [0], groupCount: 1)
            for range in excluded { try add(range) }
            return result
        }

        private func add(_ range: Range<Int>) throws(SQLError) {
            if !range.isEmpty { try accumulator.update(Self.rows(range), column: column) }
        }

        private func takeBack(_ range: Range<Int>) throws(SQLError) {
            if !range.isEmpty { try accumulator.takeBack(Self.rows(range), column: column) }
        }

        private static func rows(_ range: Range<Int>) -> GroupedRows {
            GroupedRows(
                rows: range.map { UInt32($0) }, groups: [UInt32](repeating: 0, count: range.count), groupCount: 1)
        }
    }
}
