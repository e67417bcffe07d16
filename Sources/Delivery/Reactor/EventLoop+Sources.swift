import CPlatform

extension EventLoop {
    func register(_ source: LoopSource) {
        if let slot = freeSlots.popLast() {
            source.slot = slot
        } else {
            source.slot = UInt32(slots.count)
            slots.append(nil)
            generations.append(0)
        }
        source.generation = generations[Int(source.slot)]
        slots[Int(source.slot)] = source
    }

    func unregister(_ source: LoopSource) {
        guard source.isRegistered else { return }
        let slot = Int(source.slot)
        slots[slot] = nil
        // The top token is the mailbox's, so generations stay below the top.
        generations[slot] = (generations[slot] &+ 1) & 0x7fff_ffff
        freeSlots.append(source.slot)
        source.slot = .max
        source.deadline = .max
        source.armedTick = .max
    }

    func source(of token: UInt64) -> LoopSource? {
        let slot = Int(token & 0xffff_ffff)
        guard slot < slots.count, let source = slots[slot], source.generation == UInt32(token >> 32) else { return nil }
        return source
    }

    /// Offers all queued output to the kernel. Runs after some callbacks, so that what they caused, also on other
    /// connections and for many pipelined responses, leaves in one write each. Who came first is answered first.
    func flushAll() {
        repeat {
            while let connection = unread.popLast() { connection.readHeldBack() }
            var index = 0
            while index < unflushed.count {
                unflushed[index].flush()
                index += 1
            }
            unflushed.removeAll(keepingCapacity: unflushed.capacity <= 1024)
        } while !unread.isEmpty
    }

    func closeAllSources() {
        for source in slots {
            switch source {
            case let connection as TCPConnection: connection.close()
            case let listener as Listener: listener.close()
            case let timer as LoopTimer: timer.cancel()
            case let datagrams as DatagramListener: datagrams.close()
            default: break
            }
        }
        flushAll()
    }

    func takeBuffer() -> [UInt8] {
        if let buffer = spareBuffers.popLast() { return buffer }
        var buffer: [UInt8] = []
        buffer.reserveCapacity(8 * 1024)
        return buffer
    }

    func recycle(_ buffer: consuming [UInt8]) {
        guard spareBuffers.count < options.pooledBuffers, buffer.capacity <= options.pooledBufferBytes else { return }
        buffer.removeAll(keepingCapacity: true)
        spareBuffers.append(buffer)
    }
}
