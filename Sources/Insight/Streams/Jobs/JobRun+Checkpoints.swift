import Columns
import Runtime
import SQL

/// Checkpoints are taken between two batches and written by another thread: the job stands still for as long as it takes
/// to take note of what it keeps.
extension JobRun {
    /// Whether the last checkpoint is on the device and its rows are acknowledged. Before that the next can't begin.
    var isSettled: Bool { writing == nil && outbox.isEmpty }

    var isCheckpointDue: Bool {
        isSettled
            && schedule.isDue(
                hasRows: pendingBytes > 0, isFull: hasFullOutput, offsets: offsets, now: now(),
                intervalNanoseconds: Int64(settings.checkpointIntervalMilliseconds) * 1_000_000)
    }

    /// So much was answered since the last checkpoint that nothing is read until the next.
    var hasFullOutput: Bool { pendingBytes >= settings.outputBytes }

    var offsets: [[Int: Int64]] { inputs.map(\.offsets) }

    /// - Precondition: it is settled.
    /// - Parameter savepoint: a label. What is kept under one stands alone.
    func beginCheckpoint(savepoint: String?) throws(SQLError) {
        let began = now()
        epoch += 1
        let sequence = schedule.nextSequence()
        let states = try savedStates(sequence, isWhole: savepoint != nil)
        var counts = counts
        counts[Self.rowsInName] = rowsIn
        let record = Checkpoint(
            sequence: sequence, epoch: epoch, inputs: inputs.flatMap(\.saved), states: states,
            outputs: outputs.indices.map { index in
                Checkpoint.Output(
                    target: outputs[index].target, firstOffset: outputs[index].endOffset(service.log),
                    rows: .batches(pending[index]))
            }, counts: counts)
        for index in pending.indices { pending[index] = [] }
        pendingBytes = 0
        let pause = now() - began
        schedule.began(offsets, now: began, pauseNanoseconds: pause)
        let write = CheckpointWrite(
            record, outputs: outputs, log: service.log, job: name, savepoint: savepoint)
        writing = write
        let folder = folder
        let isTaken = writer.post { [weak self] in
            write.perform(in: folder)
            self?.wake()
        }
        guard isTaken else { throw SQLError(code: .sinkFailed, message: "no checkpoint is taken any more") }
    }

    /// Takes note of what was written, and sends the rows on.
    func settle() throws(SQLError) {
        if let write = writing, let result = write.result {
            writing = nil
            let done: CheckpointWrite.Done
            switch result {
            case .success(let value): done = value
            case .failure(let error):
                throw SQLError(
                    code: .sinkFailed, message: "the checkpoint of job \(name) can't be written: \(error)")
            }
            let epoch = SinkEpoch(incarnation: incarnation, epoch: write.epoch)
            for (output, rows) in zip(outputs, done.rows) { outbox.add(rows, to: output, epoch) }
            if isEnding { outbox.finish() }
            schedule.ended(now: now())
            report(
                .checkpoint(
                    JobCheckpointInfo(
                        epoch: write.epoch, bytes: done.bytes,
                        pauseMicroseconds: schedule.pauseNanoseconds / 1_000,
                        durationMicroseconds: schedule.durationNanoseconds / 1_000, time: service.clock.now()),
                    savepoint: write.savepoint))
        }
        try outbox.advance { [weak self] in self?.wake() }
    }

    private func savedStates(_ sequence: Int64, isWhole: Bool) throws(SQLError) -> [(key: String, state: OperatorState)]
    {
        var states: [(key: String, state: OperatorState)] = []
        for (index, query) in queries.enumerated() {
            for (key, state) in try query.savedStates(sequence, isWhole: isWhole)
            where !isKeyed(key, statement: index) {
                states.append(("\(index) \(key)", state))
            }
        }
        return try states + shardStates(sequence, isWhole: isWhole) + keyedStates(sequence, isWhole: isWhole)
    }
}
