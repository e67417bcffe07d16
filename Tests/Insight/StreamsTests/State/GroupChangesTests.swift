import Runtime
import Testing

@testable import Streams

@Suite struct GroupChangesTests {
    /// The records from `since` on, played one after the other, hold every group as it is.
    @Test(arguments: 0..<20 as Range<UInt64>) func theRecordsNeededHoldAllGroupsAsTheyAre(seed: UInt64) {
        var random = Random(seed: seed)
        var changes = GroupChanges()
        var values: [Int] = []
        var records: [(sequence: Int64, groups: [UInt32], values: [Int])] = []
        var longest = 0
        for sequence in 1...200 as ClosedRange<Int64> {
            for _ in 0..<random.below(4) {
                let batch = (0..<1 + random.below(60)).map { _ in
                    random.chance(0.1) ? values.count + random.below(3) : random.below(max(values.count, 1))
                }
                for group in batch {
                    while values.count <= group { values.append(0) }
                    values[group] += 1
                }
                // Groups are numbered without gaps, and each new one comes with a row.
                let rows = batch.map { UInt32($0) } + (0..<UInt32(values.count)).suffix(400)
                changes.note(rows, groupCount: values.count)
            }
            let share = changes.take(
                0..<values.count, for: OperatorState(sequence: sequence, isWhole: sequence % 50 == 7))
            #expect(share.groups == share.groups.sorted())
            records.append((sequence, share.groups, share.groups.map { values[Int($0)] }))
            records.removeAll { $0.sequence < share.since ?? sequence }
            longest = max(longest, records.count)
            var replayed = [Int](repeating: -1, count: values.count)
            for record in records {
                for (group, value) in zip(record.groups, record.values) { replayed[Int(group)] = value }
            }
            #expect(replayed == values, "record \(sequence)")
            if sequence == 120 { changes.resume(since: share.since ?? sequence) }
        }
        // Old records fall out of use.
        #expect(longest <= 70)
    }

    @Test func aRecordIsAsLargeAsWhatChangedAndAShareOfTheRest() {
        var changes = GroupChanges()
        #expect(changes.take(0..<1_000_000, for: OperatorState(sequence: 1, isWhole: false)).groups.count == 1_000_000)
        changes.note([7, 7, 999_999], groupCount: 1_000_000)
        let share = changes.take(0..<1_000_000, for: OperatorState(sequence: 2, isWhole: false))
        #expect(share.groups.contains(7) && share.groups.contains(999_999))
        #expect(share.groups.count <= 1_000_000 / 32 + 2)
        #expect(share.since == 1)
    }
}
