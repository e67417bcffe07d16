import Columns
import EventLog
import Runtime
import Synchronization

/// A checkpoint on its way to the device, and what comes after it: the rows as their topics take them.
final class CheckpointWrite: Sendable {
    struct Done {
        /// Of the record.
        let bytes: Int
        /// By output.
        let rows: [JobOutput.Rows]
    }

    let savepoint: String?
    /// Its rows as they were answered.
    private let record: Checkpoint
    private let outputs: [JobOutput]
    private let log: EventLog?
    private let job: String
    private let state = Mutex<Result<Done, StorageError>?>(nil)

    init(_ record: Checkpoint, outputs: [JobOutput], log: EventLog?, job: String, savepoint: String?) {
        self.record = record
        self.outputs = outputs
        self.log = log
        self.job = job
        self.savepoint = savepoint
    }

    var epoch: Int64 { record.epoch }

    /// `nil` while it is under way.
    var result: Result<Done, StorageError>? { state.withLock { $0 } }

    /// Encodes and writes. Returns when the record is on the device, or can't be.
    func perform(in folder: JobFolder) {
        var record = record
        for (index, output) in outputs.enumerated() {
            record.outputs[index].rows = output.rows(
                record.outputs[index].batches, job: job, epoch: record.epoch, compression: output.compression(log))
        }
        let bytes = record.encoded()
        let result: Result<Done, StorageError>
        do throws(StorageError) {
            try folder.write(bytes, sequence: record.sequence, since: record.since, savepoint: savepoint)
            result = .success(Done(bytes: bytes.count, rows: record.outputs.map(\.rows)))
        } catch {
            result = .failure(error)
        }
        state.withLock { $0 = result }
    }
}
