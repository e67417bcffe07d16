import Edge
import EventLog
import Glibc
import ManagementAPI
import Reactor
import Settings
import Synchronization

extension Server {
    /// Starts this program's file anew and gives it everything: the listening sockets, then the data folder, then the
    /// events of what this process still answers. Blocks.
    /// - Returns: true once the new process serves; false, with everything as it was, when it can't.
    func upgrade() -> Bool {
        StandardError.write(line: "squilla: starting \(ProgramFile.path) to take over")
        let successor: Successor
        do throws(SystemError) {
            successor = try Successor.start()
            try successor.offer(edge.heldListeners)
        } catch {
            StandardError.write(line: "squilla: not upgraded: \(error)")
            return false
        }
        guard successor.awaits(.ready) else {
            successor.giveUp()
            StandardError.write(line: "squilla: not upgraded: the new process did not get ready; this one runs on")
            return false
        }
        release()
        do throws(SystemError) { try successor.tellReleased() } catch {}
        guard successor.awaits(.serving) else {
            successor.giveUp()
            takeBack()
            return false
        }
        edge.noteHandedOver()
        route.follow(successor.channel)
        StandardError.write(line: "squilla: process \(successor.pid) serves; ending what is under way")
        return true
    }

    /// Lets go of the data folder. The edge goes on with the connections that it has.
    private func release() {
        edge.suspendAccepting()
        edge.releaseDisk()
        management.endSubscriptions()
        endWork()
        route.hold()
        log.withLock { $0 }.close()
    }

    /// The new process failed after it was given the data folder: the edge goes on, which is what matters most.
    private func takeBack() {
        do throws(LogError) {
            let reopened = try EventLog.open(currentSettings.logOptions())
            log.withLock { $0 = reopened }
            route.follow(reopened)
        } catch {
            StandardError.write(line: "squilla: the log does not open again, events are lost: \(error)")
        }
        edge.resumeAccepting()
        StandardError.write(
            line: "squilla: not upgraded: the new process did not serve. This one serves on and records events, but "
                + "queries, jobs, the cache on disk and the console need a restart")
    }

    /// After an upgrade: ends what this process has begun.
    func finish() {
        let cut = edge.drain(deadlineMilliseconds: currentSettings.edge.upgradeDrainMilliseconds, keepsIdle: true)
        if cut > 0 { StandardError.write(line: "squilla: \(cut) connections were cut at the deadline") }
    }
}
