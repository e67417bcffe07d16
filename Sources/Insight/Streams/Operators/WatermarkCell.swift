import Synchronization

/// How far event time has come at one step, for expressions of that step (`CURRENT_WATERMARK`).
final class WatermarkCell: Sendable {
    private let latest = Atomic<Int64>(.min)

    func advance(to watermark: Int64) { latest.store(watermark, ordering: .relaxed) }

    /// `nil` before the first watermark, and once the input has ended.
    var value: Int64? {
        let time = latest.load(ordering: .relaxed)
        return time == .min || time == .max ? nil : time
    }
}
