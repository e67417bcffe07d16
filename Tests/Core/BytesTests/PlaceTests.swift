import Bytes
import Testing

@Suite struct PlaceTests {
    private struct Words {
        var list: [[UInt8]]
    }

    @Test func whatIsLentIsThereAfterwards() {
        let place = Place(Words(list: [[1], [2, 3]]))
        let count = place.lend { $0.list.count }
        place.value.list[1].append(4)
        #expect(count == 2)
        #expect(place.value.list == [[1], [2, 3, 4]])
    }

    /// A copy would be made at the first change otherwise.
    @Test func nothingElseHoldsWhatWasLent() {
        let place = Place(Words(list: [[1]]))
        _ = place.lend { $0.list[0].count }
        let before = place.value.list.withUnsafeBufferPointer { $0.baseAddress }
        place.value.list[0] = [9]
        let after = place.value.list.withUnsafeBufferPointer { $0.baseAddress }
        #expect(before == after)
        #expect(place.value.list == [[9]])
    }

    @Test func theValueEndsWithItsPlace() {
        final class Token {}
        weak var token: Token?
        do {
            let place = Place(Token())
            token = place.value
            #expect(token != nil)
        }
        #expect(token == nil)
    }
}
