import Columns
import Edge
import EventLog
import Reactor
import Synchronization

/// Where the edge's batches of events go: into this process's log, or, once another process owns the log, to it. Between
/// the two they are held; the edge's pump bounds how many.
final class EventRoute: Sendable {
    typealias Completion = @Sendable (_ isTaken: Bool) -> Void

    private enum Place {
        case log(EventLog)
        case held([(Batch, Completion)])
        case successor(HandoverChannel)
    }

    private let place: Mutex<Place>
    private let losses: LossNotices

    init(_ log: EventLog, losses: LossNotices) {
        place = Mutex(.log(log))
        self.losses = losses
    }

    func append(_ batch: Batch, _ completion: @escaping Completion) {
        let channel = place.withLock { place -> HandoverChannel? in
            switch place {
            case .log(let log): append(batch, to: log, completion)
            case .held(let waiting): place = .held(waiting + [(batch, completion)])
            case .successor(let channel): return channel
            }
            return nil
        }
        if let channel { EventRoute.send(batch, to: channel, completion) }
    }

    /// Nothing goes into the log after this has returned.
    func hold() { place.withLock { $0 = .held([]) } }

    func follow(_ log: EventLog) {
        let waiting = exchange(.log(log))
        for (batch, completion) in waiting { append(batch, to: log, completion) }
    }

    func follow(_ channel: HandoverChannel) {
        let waiting = exchange(.successor(channel))
        for (batch, completion) in waiting { EventRoute.send(batch, to: channel, completion) }
    }

    private func exchange(_ next: Place) -> [(Batch, Completion)] {
        place.withLock { place in
            defer { place = next }
            guard case .held(let waiting) = place else { return [] }
            return waiting
        }
    }

    private func append(_ batch: Batch, to log: EventLog, _ completion: @escaping Completion) {
        let (losses, rows) = (losses, batch.rowCount)
        log.append(batch, to: RequestEventSchema.topic) { result in
            switch result {
            case .success: completion(true)
            case .failure(let error):
                losses.note(rows, "\(error)")
                completion(false)
            }
        }
    }

    private static func send(_ batch: Batch, to channel: HandoverChannel, _ completion: Completion) {
        let message = HandoverChannel.Message(
            kind: HandoverKind.events.rawValue, bytes: BatchCodec.encode(batch, compression: .none))
        do throws(SystemError) {
            try channel.send(message)
            completion(true)
        } catch {
            completion(false)
        }
    }
}

/// What a server and the one that takes its place tell each other, in this order.
enum HandoverKind: UInt8 {
    /// The listening sockets of one address.
    case sockets = 1
    case allSockets
    /// The new one can read its configuration and its certificates.
    case ready
    /// The data folder has no owner any more.
    case released
    case serving
    /// A batch of events of requests that the old one still answers.
    case events
}
