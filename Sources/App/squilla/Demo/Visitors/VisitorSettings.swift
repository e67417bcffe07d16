/// How many visitors the demo sends, and how they behave.
struct VisitorSettings: Sendable {
    /// Same numbers for the same seed, but for what the answers' timing changes.
    var seed: UInt64 = 16
    /// Mean rate over a day; the wave goes from 0.35 to 1.5 times this.
    var requestsPerSecond: Double = 110
    /// A "day", from one night to the next.
    var daySeconds: Double = 600
    /// Slow answers hold a thread up: enough of them that a failing site does not make visitors queue.
    var threads = 10
    /// Where in the day the demo begins (0 is midnight, 0.5 noon): on the way up.
    var startOfDay = 0.32
    /// The abusive client: first seen after, seen again every, stays for.
    var abuseFirstSeconds: Double = 35
    var abuseEverySeconds: Double = 210
    var abuseLastsSeconds: Double = 40
    var abuseRequestsPerSecond: Double = 22
    /// Visitors on the site at once, over all threads; more wait outside.
    var visitorsMost = 900

    init() {}
}

/// The rate over a day: deep at night, a first top at noon and a higher one in the evening.
struct DailyWave: Sendable {
    let daySeconds: Double
    let startOfDay: Double

    /// Factor on the mean rate, 0.35 to 1.5, at some seconds after the start.
    func factor(at seconds: Double) -> Double {
        let hour = ((seconds / daySeconds + startOfDay).truncatingRemainder(dividingBy: 1)) * 24
        // Control points of a common traffic curve; straight lines between them.
        let points: [(hour: Double, factor: Double)] = [
            (0, 0.62), (2, 0.4), (4, 0.35), (6, 0.5), (8, 0.9), (10, 1.12), (12, 1.26), (14, 1.12), (16, 1.1),
            (18, 1.25),
            (20, 1.46), (21, 1.5), (22, 1.2), (24, 0.62),
        ]
        var previous = points[0]
        for point in points.dropFirst() {
            if hour <= point.hour {
                let share = (hour - previous.hour) / (point.hour - previous.hour)
                return previous.factor + (point.factor - previous.factor) * share
            }
            previous = point
        }
        return previous.factor
    }
}
