import Testing

@testable import SecondChance

struct NetlinkTests {
    @Test func aMessageHasItsLengthsAndPadding() {
        var message = NetlinkMessage(type: 36, flags: 4, fixedPart: [1, 2, 3, 4])
        message.append(1, text: "clsact")
        message.append(2) { options in options.append(8, number: 1) }
        #expect(message.bytes.count == 16 + 4 + 12 + 4 + 8)
        #expect(NetlinkAnswer.number(message.bytes[...], at: 0) == UInt32(message.bytes.count))
        let attributes = NetlinkAnswer.attributes(message.bytes[...], at: 20)
        #expect(attributes[1].map(Array.init) == Array("clsact".utf8) + [0])
        let nested = attributes[2].map { NetlinkAnswer.attributes($0, at: 0) }
        #expect(nested?[8]?.count == 4)
    }

    @Test func whatIsTornGivesNothing() {
        #expect(NetlinkAnswer.number([1, 2, 3], at: 0, as: UInt32.self) == nil)
        #expect(NetlinkAnswer.attributes([200, 0, 1, 0, 5], at: 0).isEmpty)
        #expect(NetlinkAnswer.attributes([2, 0, 1, 0, 5], at: 0).isEmpty)
        #expect(NetlinkAnswer.attributes([], at: 20).isEmpty)
    }
}

extension NetlinkAnswer {
    static func number<Number: FixedWidthInteger>(_ bytes: ArraySlice<UInt8>, at place: Int, as: Number.Type) -> Number?
    {
        number(bytes, at: place)
    }
}
