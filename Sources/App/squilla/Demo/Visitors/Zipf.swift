import Glibc
import Runtime

/// Popularity by rank: the first is asked for most, the n-th about 1/n as often (Zipf's law).
struct Zipf: Sendable {
    private var cumulative: [Double] = []

    /// - Parameter exponent: 1 is the classic law; above it the first ones take more.
    init(count: Int, exponent: Double = 1.05) {
        var sum = 0.0
        for rank in 1...count {
            sum += 1 / pow(Double(rank), exponent)
            cumulative.append(sum)
        }
    }

    /// A rank, from 0.
    func pick(_ random: inout Random) -> Int {
        let wanted = random.unit() * (cumulative.last ?? 0)
        var low = 0
        var high = cumulative.count - 1
        while low < high {
            let middle = (low + high) / 2
            if cumulative[middle] < wanted { low = middle + 1 } else { high = middle }
        }
        return low
    }
}

extension Random {
    /// A number in 0 ..< 1.
    mutating func unit() -> Double { Double(next() >> 11) * 0x1p-53 }

    /// Seconds to the next of events that come at `rate` a second (exponential).
    mutating func interval(rate: Double) -> Double { -log(1 - unit()) / rate }

    mutating func pick<Element>(_ elements: [Element]) -> Element { elements[below(elements.count)] }
}
