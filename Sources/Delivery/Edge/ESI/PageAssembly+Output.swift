import Bytes
import ESI
import HTTPCache
import HTTPWire
import Reactor

/// What goes out: the head, small pieces together, and parts of the page that get a life of their own.
extension PageAssembly {
    /// Puts a part of a stored page where requests for it alone find it.
    func publish(_ url: ESIURL, _ bytes: [UInt8]) {
        guard let template, let cache = worker.cache,
            let key = CacheKey(url: String(decoding: url.text, as: UTF8.self))
        else { return }
        cache.store(part: bytes, key: key, of: template, pageKey: exchange.key, now: worker.nowSeconds)
    }

    func sendHead(_ changes: ESIHead) {
        isSending = true
        exchange.startAssembled(head, changes, length: changes.length ?? lengthIfWhole)
        isSending = false
    }

    /// The length of a page that is all there.
    private var lengthIfWhole: Int? {
        guard case .end? = actions.last else { return nil }
        var length = 0
        for action in actions[next..<actions.count - 1] {
            guard case .output(let bytes) = action else { return nil }
            length += bytes.count
        }
        return length
    }

    /// Small pieces go out together.
    func gather(_ bytes: ArraySlice<UInt8>) {
        gathered.append(contentsOf: bytes)
        if gathered.count >= 64 << 10 { sendGathered() }
    }

    func sendGathered() {
        guard !gathered.isEmpty, !isOver else { return }
        isSending = true
        let takesMore = exchange.sendBody(gathered.span)
        isSending = false
        gathered.removeAll(keepingCapacity: true)
        if !takesMore, !clientIsFull {
            clientIsFull = true
            enqueue(.clientIsFull)
        }
    }
}
