import Codings
import HTTPCache
import HTTPWire
import Reactor

/// Compresses one answer on its way to its client. Confined to its loop.
final class LiveEncoder {
    let encoder: ContentEncoder
    private let worker: Worker
    /// The client has not got all that was put in.
    var isDirty = false

    /// Nil where too many are at work or there is no memory.
    init?(_ coding: ContentCoding, worker: Worker) {
        guard worker.liveEncoders < worker.settings.maximumLiveEncoders else { return nil }
        let level = worker.settings.cache.compression.passedLevels.level(coding)
        do throws(CodingError) {
            encoder = try ContentEncoder(coding, level: level)
        } catch {
            return nil
        }
        self.worker = worker
        worker.liveEncoders += 1
    }

    deinit { worker.liveEncoders -= 1 }
}

/// Compressing what is not stored: pages that are assembled, and what passes.
extension Exchange {
    /// Decides how a body goes to this client, and gets ready for it. Fragments are asked for by a page, plain.
    func beginEncoding(_ fields: HeaderBlock, status: Int, length: UInt64?) -> LiveEncoding {
        guard !isFragment, !hasResponded, decisions.compress != false, let connection else { return .none }
        let box = worker.cacheBox
        let encoding = lendLookedUp {
            LiveEncoding(fields, status: status, length: length, to: $0.block, box: box)
        }
        guard let coding = encoding.coding else { return encoding }
        // An end that only a closed connection tells is worth no compression.
        guard connection.delimitsBodies || head.minorVersion == 1 else { return encoding.withoutCoding }
        if head.method == .head { return encoding }
        encoder = LiveEncoder(coding, worker: worker)
        return encoder == nil ? encoding.withoutCoding : encoding
    }

    /// Sends a piece of the body compressed. What the encoder keeps back goes out when the loop has nothing more for
    /// this client at once.
    /// - Returns: false when the client is slow and the source should wait.
    func sendEncoded(_ bytes: Span<UInt8>, by live: LiveEncoder) -> Bool {
        var out: [UInt8] = []
        do throws(CodingError) {
            try live.encoder.encode(bytes, into: &out)
        } catch {
            encodingFailed(error)
            return true
        }
        if !live.isDirty {
            live.isDirty = true
            let visit = Visit(self)
            worker.loop.execute { visit.exchange?.flushEncoded() }
        }
        return send(encoded: out)
    }

    private func flushEncoded() {
        guard let live = encoder, live.isDirty else { return }
        live.isDirty = false
        var out: [UInt8] = []
        let nothing: [UInt8] = []
        do throws(CodingError) {
            try live.encoder.encode(nothing.span, flushes: true, into: &out)
        } catch {
            return encodingFailed(error)
        }
        if !send(encoded: out) { connection?.reportWhenLow() }
    }

    /// - Returns: whether the body is whole.
    func endEncoded(by live: LiveEncoder) -> Bool {
        encoder = nil
        var out: [UInt8] = []
        do throws(CodingError) {
            try live.encoder.finish(into: &out)
        } catch {
            encodingFailed(error)
            return false
        }
        _ = send(encoded: out)
        return true
    }

    private func send(encoded bytes: [UInt8]) -> Bool {
        guard let connection, !bytes.isEmpty else { return true }
        let wire = connection.writeBody(bytes.span, isChunked: responseFraming == .chunked)
        noteSent(bytes.count, wire: wire)
        return !connection.isCongested
    }

    /// The loop tears the answer down by itself: whoever sends is in the middle of it.
    private func encodingFailed(_ error: CodingError) {
        encoder = nil
        note(error: "encoding_failed", error.message, .edge)
        let visit = Visit(self)
        worker.loop.execute {
            guard let exchange = visit.exchange else { return }
            exchange.dropOrigin()
            exchange.tear()
        }
    }
}
