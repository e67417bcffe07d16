import Codings
import HTTPCache
import Reactor

/// Makes the compressed form of a stored response, a piece at a turn of the loop. It feeds the cache and all who read
/// along, and goes on when they leave, since others will want it. Confined to its loop.
final class EncodeJob {
    /// Bytes that are compressed before others get a turn: a millisecond or less.
    private static let turnBytes = 16 << 10

    private let loop: EventLoop
    private let worker: Worker
    private let reader: BodyReader
    private let fill: EncodedFill
    private let encoder: ContentEncoder
    /// What was read and not compressed yet.
    private var pending: ([UInt8], Range<Int>)?
    /// Input since the last flush.
    private var isDirty = false

    /// Starts at once; nil where there is nothing to read or no memory for an encoder.
    init?(_ original: CachedObject, _ fill: EncodedFill, worker: Worker) {
        guard let reader = BodyReader(original) else { return nil }
        do throws(CodingError) {
            encoder = try ContentEncoder(
                fill.coding, level: worker.settings.cache.compression.storedLevels.level(fill.coding))
        } catch {
            return nil
        }
        self.worker = worker
        loop = worker.loop
        self.reader = reader
        self.fill = fill
        worker.encodeJobs += 1
        fill.begin()
    }

    deinit { worker.encodeJobs -= 1 }

    func run() {
        var budget = EncodeJob.turnBytes
        while budget > 0 {
            guard let (segment, range) = pending ?? piece() else { return }
            let end = min(range.upperBound, range.lowerBound + budget)
            pending = end < range.upperBound ? (segment, end..<range.upperBound) : nil
            budget -= end - range.lowerBound
            guard encode(segment.span.extracting(range.lowerBound..<end)) else { return }
        }
        let job = Confined(self)
        loop.execute { job.value.run() }
    }

    private func piece() -> ([UInt8], Range<Int>)? {
        switch next() {
        case .data(let segment, let range): return (segment, range)
        case .end: finish()
        case .aborted, .missing: fill.abort()
        case .wait: break
        }
        return nil
    }

    /// Registers for more where there is none yet, and lets clients have what is there.
    private func next() -> BodyPiece {
        let piece = reader.next(wakeup: nil)
        guard case .wait = piece else { return piece }
        if isDirty {
            isDirty = false
            var out: [UInt8] = []
            let nothing: [UInt8] = []
            do throws(CodingError) {
                try encoder.encode(nothing.span, flushes: true, into: &out)
            } catch {
                return .aborted
            }
            if !out.isEmpty { _ = fill.append(out) {} }
        }
        let job = Confined(self)
        let loop = loop
        return reader.next { loop.execute { job.value.run() } }
    }

    /// False if the readers are slow and what comes is not stored: the job goes on when they have caught up.
    private func encode(_ bytes: Span<UInt8>) -> Bool {
        var out: [UInt8] = []
        do throws(CodingError) {
            try encoder.encode(bytes, into: &out)
        } catch {
            fill.abort()
            return false
        }
        isDirty = true
        guard !out.isEmpty else { return true }
        let job = Confined(self)
        let loop = loop
        let goesOn = fill.append(out) { loop.execute { job.value.run() } }
        if !fill.isStored, fill.readerCount == 0 {
            fill.abort()
            return false
        }
        return goesOn
    }

    private func finish() {
        var out: [UInt8] = []
        do throws(CodingError) {
            try encoder.finish(into: &out)
        } catch {
            return fill.abort()
        }
        _ = fill.append(out) {}
        fill.finish()
    }
}
