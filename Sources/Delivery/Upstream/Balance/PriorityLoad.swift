/// Which part of the load each priority level gets, in percent, and which levels are in panic.
///
/// A level can take its available part times the overprovisioning; what it can't goes to the next. When all levels
/// together can't take everything, the load is spread over what is there, and a level that has too few available
/// endpoints uses all of them (as Envoy has it).
struct PriorityLoad: Equatable {
    private(set) var shares: [Int]
    private(set) var isPanicking: [Bool]

    /// - Parameter levels: by priority; weights of the endpoints that can be used and of all.
    init(_ levels: [(available: Double, total: Double)], overprovisioning: Double, panicPercent: Int) {
        let health = levels.map { level in
            level.total > 0 ? min(100, Int(100 * overprovisioning * level.available / level.total)) : 0
        }
        let sum = min(100, health.reduce(0, +))
        isPanicking = levels.map { level in
            guard level.total > 0, panicPercent > 0, sum < 100 else { return false }
            return 100 * level.available / level.total < Double(panicPercent)
        }
        shares = [Int](repeating: 0, count: levels.count)
        guard !levels.isEmpty else { return }
        if sum == 0 || zip(levels, isPanicking).allSatisfy({ $0.total == 0 || $1 }) {
            // Nothing is known to be well: as many requests as there are endpoints.
            let total = levels.reduce(0) { $0 + $1.total }
            guard total > 0 else { return }
            for index in levels.indices { shares[index] = Int(100 * levels[index].total / total) }
        } else {
            var left = 100
            for index in levels.indices {
                let share = min(left, health[index] * 100 / sum)
                shares[index] = share
                left -= share
            }
        }
        // What rounding lost.
        if let first = shares.firstIndex(where: { $0 > 0 }) { shares[first] += 100 - shares.reduce(0, +) }
    }

    /// The level of a request.
    /// - Parameter point: 0 to 99, at random or by the request's hash.
    func level(_ point: Int) -> Int {
        var sum = 0
        for index in shares.indices {
            sum += shares[index]
            if point < sum { return index }
        }
        return 0
    }
}
