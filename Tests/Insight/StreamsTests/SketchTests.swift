import Testing

@testable import Streams

@Suite struct SketchTests {
    @Test func distinctCountsAreExactWhenFewAndCloseWhenMany() {
        for count in [0, 1, 100, 1_000, 50_000] {
            var sketch = HyperLogLog()
            for value in 0..<count {
                for _ in 0..<2 { sketch.insert(hash: ValueHash.mix(UInt64(value))) }
            }
            let estimate = sketch.estimate()
            if count <= HyperLogLog.sparseLimit {
                #expect(estimate == Int64(count))
            } else {
                #expect(abs(Double(estimate) / Double(count) - 1) < 0.04, "\(estimate) of \(count)")
            }
        }
    }

    @Test func mergedDistinctCountsAreThoseOfTheWhole() {
        var whole = HyperLogLog()
        var parts = [HyperLogLog(), HyperLogLog(), HyperLogLog()]
        for value in 0..<30_000 {
            let hash = ValueHash.mix(UInt64(value))
            whole.insert(hash: hash)
            // The third part stays sparse.
            parts[value % 100 == 0 ? 2 : value & 1].insert(hash: hash)
        }
        var merged = HyperLogLog()
        for part in parts { merged.merge(part) }
        #expect(merged.estimate() == whole.estimate())
    }

    @Test func quantilesKeepTheirError() throws {
        var sketch = QuantileSketch()
        var values: [Double] = []
        var state: UInt64 = 1
        for _ in 0..<20_000 {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            let value = Double(state >> 40) * (state & 4_096 == 0 ? 1 : -0.001)
            values.append(value)
            sketch.insert(value)
        }
        values.sort()
        for fraction in [0.0, 0.01, 0.5, 0.9, 0.99, 0.999, 1.0] {
            let exact = values[Int(fraction * Double(values.count - 1))]
            let found = try #require(sketch.quantile(fraction))
            #expect(abs(found - exact) <= abs(exact) * 0.01, "p\(fraction): \(found), exactly \(exact)")
        }
    }

    @Test func quantilesOfWhatIsLeftKeepTheirError() throws {
        var sketch = QuantileSketch()
        for value in -3_000...3_000 { sketch.insert(Double(value)) }
        for value in -3_000...3_000 where !(-500...900).contains(value) { sketch.remove(Double(value)) }
        for fraction in [0.0, 0.25, 0.9, 1.0] {
            let exact = Double(-500 + Int(fraction * 1_400))
            let found = try #require(sketch.quantile(fraction))
            #expect(abs(found - exact) <= abs(exact) * 0.01, "p\(fraction): \(found), exactly \(exact)")
        }
        for value in -500...900 { sketch.remove(Double(value)) }
        #expect(sketch.count == 0 && sketch.quantile(0.5) == nil)
        sketch.remove(1)
        sketch.insert(7)
        #expect(sketch.quantile(0) == 7 && sketch.quantile(1) == 7)
    }

    @Test func mergedQuantilesAreThoseOfTheWhole() {
        var whole = QuantileSketch()
        var parts = [QuantileSketch(), QuantileSketch()]
        for value in 1...5_000 {
            whole.insert(Double(value))
            parts[value < 4_000 ? 0 : 1].insert(Double(value))
        }
        parts[0].merge(parts[1])
        #expect(parts[0].quantile(0.5) == whole.quantile(0.5))
        #expect(parts[0].quantile(0.99) == whole.quantile(0.99))
    }

    @Test func extremeValuesStayBounded() {
        var sketch = QuantileSketch()
        for exponent in -300...300 { sketch.insert(Double(sign: .plus, exponent: exponent, significand: 1)) }
        sketch.insert(.infinity)
        sketch.insert(.nan)
        sketch.insert(0)
        #expect(sketch.byteCount < 100_000)
        #expect(sketch.count == 603)
        #expect(sketch.quantile(1) == .infinity)
    }
}
