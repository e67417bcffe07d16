/// Counts distinct values approximately (HyperLogLog, Flajolet et al. 2007; estimator of Ertl 2017, which needs no
/// bias tables).
///
/// Precision 14: a standard error of 0.81 %. Up to `sparseLimit` distinct values it keeps their hashes and is exact;
/// past that it holds 16 KiB of registers.
struct HyperLogLog {
    static let precision = 14
    static let registerCount = 1 << precision
    static let sparseLimit = 1_024

    /// Sorted and unique while sparse; empty afterwards.
    private var sparse: [UInt64] = []
    /// Unsorted news, merged into `sparse` when full.
    private var recent: [UInt64] = []
    /// Empty while sparse.
    private var registers: [UInt8] = []

    /// - Parameter hash: 64 well mixed bits of the value.
    mutating func insert(hash: UInt64) {
        if registers.isEmpty {
            recent.append(hash)
            if recent.count >= 32 + sparse.count / 2 { compact() }
        } else {
            Self.insert(hash, into: &registers)
        }
    }

    mutating func merge(_ other: HyperLogLog) {
        if other.registers.isEmpty {
            for hash in other.sparse { insert(hash: hash) }
            for hash in other.recent { insert(hash: hash) }
            return
        }
        becomeDense()
        for index in 0..<Self.registerCount where other.registers[index] > registers[index] {
            registers[index] = other.registers[index]
        }
    }

    /// The estimate. Sparse sketches answer exactly.
    mutating func estimate() -> Int64 {
        if registers.isEmpty { compact() }
        guard !registers.isEmpty else { return Int64(sparse.count) }
        return Self.estimate(registers)
    }

    var byteCount: Int { sparse.capacity * 8 + recent.capacity * 8 + registers.capacity + 24 }

    init() {}

    /// One byte that tells the form, then the registers or the hashes.
    mutating func encoded() -> [UInt8] {
        if registers.isEmpty { compact() }
        guard registers.isEmpty else { return [1] + registers }
        var bytes: [UInt8] = [0]
        bytes.reserveCapacity(1 + sparse.count * 8)
        for hash in sparse {
            for shift in stride(from: UInt64(0), to: 64, by: 8) {
                bytes.append(UInt8(truncatingIfNeeded: hash >> shift))
            }
        }
        return bytes
    }

    /// `nil` of bytes that `encoded` did not give.
    init?(decoding bytes: Span<UInt8>) {
        guard bytes.count > 0, bytes[0] <= 1 else { return nil }
        if bytes[0] == 1 {
            guard bytes.count == Self.registerCount + 1 else { return nil }
            registers = [UInt8](capacity: Self.registerCount) { out in
                for index in 1..<bytes.count { out.append(min(bytes[index], UInt8(65 - Self.precision))) }
            }
            return
        }
        guard (bytes.count - 1) % 8 == 0 else { return nil }
        for start in stride(from: 1, to: bytes.count, by: 8) {
            var hash: UInt64 = 0
            for index in 0..<8 { hash |= UInt64(bytes[start + index]) << UInt64(index * 8) }
            insert(hash: hash)
        }
    }

    private mutating func compact() {
        guard !recent.isEmpty else { return }
        sparse.append(contentsOf: recent)
        recent.removeAll(keepingCapacity: true)
        sparse.sort()
        var kept = 0
        for index in sparse.indices where index == 0 || sparse[index] != sparse[kept - 1] {
            sparse[kept] = sparse[index]
            kept += 1
        }
        sparse.removeLast(sparse.count - kept)
        if sparse.count > Self.sparseLimit { becomeDense() }
    }

    private mutating func becomeDense() {
        guard registers.isEmpty else { return }
        var dense = [UInt8](repeating: 0, count: Self.registerCount)
        for hash in sparse { Self.insert(hash, into: &dense) }
        for hash in recent { Self.insert(hash, into: &dense) }
        registers = dense
        sparse = []
        recent = []
    }

    private static func insert(_ hash: UInt64, into registers: inout [UInt8]) {
        let index = Int(hash >> UInt64(64 - precision))
        let rest = (hash << UInt64(precision)) | (1 << UInt64(precision - 1))
        let rank = UInt8(rest.leadingZeroBitCount + 1)
        if rank > registers[index] { registers[index] = rank }
    }

    /// Ertl, "New cardinality estimation algorithms for HyperLogLog sketches", algorithm 6.
    private static func estimate(_ registers: [UInt8]) -> Int64 {
        let q = 64 - precision
        var histogram = [Int](repeating: 0, count: q + 2)
        for register in registers { histogram[min(Int(register), q + 1)] += 1 }
        let m = Double(registerCount)
        var z = m * tau(1 - Double(histogram[q + 1]) / m)
        for k in stride(from: q, through: 1, by: -1) {
            z = 0.5 * (z + Double(histogram[k]))
        }
        z += m * sigma(Double(histogram[0]) / m)
        let alpha = 0.721_347_520_444_481_7  // 1 / (2 ln 2)
        let result = alpha * m * m / z
        return result.isFinite ? Int64(result.rounded()) : 0
    }

    private static func sigma(_ start: Double) -> Double {
        if start == 1 { return .infinity }
        var x = start
        var y = 1.0
        var z = x
        while true {
            x *= x
            let before = z
            z += x * y
            y += y
            if z == before { return z }
        }
    }

    private static func tau(_ start: Double) -> Double {
        if start == 0 || start == 1 { return 0 }
        var x = start
        var y = 1.0
        var z = 1 - x
        while true {
            x = x.squareRoot()
            let before = z
            y *= 0.5
            z -= (1 - x) * (1 - x) * y
            if z == before { return z / 3 }
        }
    }
}
