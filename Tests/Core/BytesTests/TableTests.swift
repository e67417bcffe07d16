import Bytes
import Testing

@Suite struct TableTests {
    @Test func integersKeepTheirIndexes() {
        var table = IntegerTable(capacity: 4)
        var expected: [UInt64: Int] = [:]
        var state: UInt64 = 1
        for _ in 0..<20_000 {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            let key = (state >> 33) % 5000
            let index = table.insert(key)
            let known = expected[key] ?? expected.count
            #expect(index == known)
            expected[key] = index
        }
        let count = table.count
        #expect(count == expected.count)
        for (key, index) in expected {
            let found = table.find(key)
            let back = table.key(index)
            #expect(found == index && back == key)
        }
        let absent = table.find(5001)
        #expect(absent == nil)
        table.removeAll()
        let after = [table.count, table.find(1) ?? -1, table.insert(9)]
        #expect(after == [0, -1, 0])
    }

    @Test func bytesKeepTheirIndexes() {
        var table = ByteTable()
        var keys: [[UInt8]] = []
        for length in 0..<300 { keys.append([UInt8](repeating: UInt8(truncatingIfNeeded: length), count: length)) }
        for number in 0..<3000 { keys.append(Array("key \(number)".utf8)) }
        for round in 0..<2 {
            for (index, key) in keys.enumerated() {
                let inserted = table.insert(key.span)
                #expect(inserted == index, "round \(round)")
            }
        }
        for (index, key) in keys.enumerated() {
            let found = table.find(key.span)
            let isKey = table.key(index).isEqual(to: key.span)
            #expect(found == index && isKey)
        }
        let none = Array("none".utf8)
        let absent = table.find(none.span)
        #expect(absent == nil)
        table.removeAll()
        let fifth = keys[5]
        let after = [table.find(fifth.span) ?? -1, table.insert(fifth.span)]
        #expect(after == [-1, 0])
    }

    /// Also where many of them fall into one place.
    @Test func keysThatAreTheirOwnHash() {
        var table: [PrehashedKey: Int] = [:]
        let keys = (0..<400).map { PrehashedKey(UInt64($0) << 32) } + [7, 9, PrehashedKey(.max)]
        for (index, key) in keys.enumerated() { table[key] = index }
        #expect(table.count == keys.count)
        #expect(keys.indices.allSatisfy { table[keys[$0]] == $0 })
        #expect(table.removeValue(forKey: 9) == 401)
        #expect(table[9] == nil && table[8] == nil)
    }
}
