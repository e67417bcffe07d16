import Columns
import SQL

/// `COUNT`, `SUM` and `AVG`.
final class OverTotalRunner<Total: OverTotal>: OverRunner {
    private let call: OverCall
    private let function: AggregateCall.Function
    private let isSliding: Bool
    /// Of each partition.
    private var totals: [Total] = []
    /// Before each row of the history, where the frames slide.
    private var before: [Total] = []

    /// - Parameter isSliding: the frames begin with a row that moves.
    init(_ call: OverCall, _ function: AggregateCall.Function, isSliding: Bool) {
        self.call = call
        self.function = function
        self.isSliding = isSliding
        // Of values that are counted alone, it matters only whether they are null.
        let isCount = function == .count || function == .countAll
        super.init(argumentType: !isSliding ? nil : isCount ? .int64 : call.argument?.type.fieldType ?? .int64)
    }

    override var isRunning: Bool { !isSliding }

    override func advance(
        _ run: OverRun, _ history: inout OverHistory, _ argument: Column?, _ frames: OverCursor.Frames?,
        isReplay: Bool
    ) -> Column? {
        if isReplay, !isSliding { return nil }
        totals.grow(to: run.partitionCount, filling: Total())
        var after: [Total] = []
        after.reserveCapacity(run.count)
        let values = argument.map { Total.values(of: $0) }
        for (index, partition) in run.partitions.enumerated() {
            let partition = Int(partition)
            if isSliding { before.append(totals[partition]) }
            if let argument, let values, !argument.isNull(index) { totals[partition].add(values[index]) }
            after.append(totals[partition])
        }
        if isReplay { return nil }
        if call.frame.unit == .range { after = run.peerEnds.map { after[Int($0) - 1] } }
        if let frames { for index in after.indices { after[index] = after[index] - before[frames.firsts[index]] } }
        return Total.column(after, function, call.type)
    }

    override func forgetHistory() {
        super.forgetHistory()
        guard isSliding else { return }
        totals = []
        before = []
    }

    override func forgetRunning() { if isRunning { totals = [] } }

    override func stateColumns(partitionCount: Int) -> [Column] {
        guard isRunning else { return [] }
        totals.grow(to: partitionCount, filling: Total())
        return Total.state(totals[..<partitionCount])
    }

    override func restore(
        _ columns: [Column], into partitions: [UInt32], partitionCount: Int
    ) throws(SQLError) {
        guard isRunning else { return }
        guard let saved = Total.saved(columns) else { throw StateCodec.damaged("the columns of a sum") }
        totals.grow(to: partitionCount, filling: Total())
        for (index, partition) in partitions.enumerated() { totals[Int(partition)] = saved[index] }
    }

    override var byteCount: Int {
        super.byteCount + (totals.capacity + before.capacity) * MemoryLayout<Total>.stride
    }
}
