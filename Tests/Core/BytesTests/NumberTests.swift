import Bytes
import Testing

@Suite struct NumberTests {
    private func int64(_ text: String) -> Int64? { NumberParser.int64(Array(text.utf8).span) }
    private func float64(_ text: String) -> Double? { NumberParser.float64(Array(text.utf8).span) }

    private func written(_ body: (inout [UInt8]) -> Void) -> String {
        var buffer: [UInt8] = []
        body(&buffer)
        return String(decoding: buffer, as: UTF8.self)
    }

    @Test func integersComeBack() {
        for value in [0, 1, -1, 9, 10, 99, 100, 12345, Int64.max, .min, .max - 1, .min + 1] {
            let text = written { NumberWriter.append(value, to: &$0) }
            #expect(text == String(value))
            #expect(int64(text) == value)
        }
        #expect(int64("+7") == 7)
        #expect(int64("00000000000000000000000012") == 12)
    }

    @Test(arguments: [
        "", "-", "+", "1 ", " 1", "1.0", "a", "9223372036854775808", "-9223372036854775809", "99999999999999999999",
        "--1", "0x1",
    ])
    func refusesWhatIsNoInteger(text: String) {
        #expect(int64(text) == nil)
    }

    @Test func doublesRoundCorrectly() {
        let texts = [
            "0", "-0", "1.5", ".5", "5.", "1e10", "1E-10", "123456789.123456789", "1.7976931348623157e308", "4.9e-324",
            "2.2250738585072011e-308", "9007199254740993", "0.1", "1e400", "12345678901234567890123", "1e-400",
            "0.000000000000000000000000000000000000000000000000001",
        ]
        for text in texts {
            let expected = Double(text.hasPrefix(".") ? "0" + text : text.hasSuffix(".") ? text + "0" : text)
            #expect(float64(text)?.bitPattern == expected?.bitPattern, "\(text)")
        }
        for text in ["", ".", "e5", "1e", "1e+", "nan", "inf", "1.2.3", "1 ", "0x1p3", "-"] {
            #expect(float64(text) == nil, "\(text)")
        }
    }

    @Test func doublesComeBack() {
        var generator = SystemRandomNumberGenerator()
        for _ in 0..<2000 {
            let value = Double(bitPattern: generator.next())
            if !value.isFinite { continue }
            let text = written { NumberWriter.append(value, to: &$0) }
            #expect(float64(text)?.bitPattern == value.bitPattern, "\(text)")
        }
        // The one whole number whose magnitude no Int64 has.
        #expect(written { NumberWriter.append(-9_223_372_036_854_775_808.0, to: &$0) } == "-9.223372036854776e+18")
        #expect(written { NumberWriter.append(3.0, to: &$0) } == "3.0")
        #expect(written { NumberWriter.append(-0.0, to: &$0) } == "-0.0")
    }

    @Test func widthsAndHexadecimal() {
        #expect(written { NumberWriter.append(UInt64(7), width: 3, to: &$0) } == "007")
        #expect(written { NumberWriter.append(UInt64(1234), width: 3, to: &$0) } == "1234")
        for value: UInt64 in [0, 1, 15, 16, 255, 0xdead_beef, .max] {
            #expect(written { NumberWriter.appendHexadecimal(value, to: &$0) } == String(value, radix: 16))
        }
    }

    @Test func varintsComeBack() {
        for value: UInt64 in [0, 1, 127, 128, 16_383, 16_384, .max, .max >> 1, 1 << 63] {
            var buffer: [UInt8] = []
            Varint.append(value, to: &buffer)
            var index = 0
            #expect(Varint.read(buffer.span, at: &index) == value && index == buffer.count)
            for cut in 0..<buffer.count {
                var start = 0
                #expect(Varint.read(buffer.span.extracting(..<cut), at: &start) == nil && start == 0)
            }
        }
        var index = 0
        let tooLong: [UInt8] = [255, 255, 255, 255, 255, 255, 255, 255, 255, 2]
        #expect(Varint.read(tooLong.span, at: &index) == nil)
        for value: Int64 in [0, -1, 1, .min, .max] { #expect(Varint.unzigzag(Varint.zigzag(value)) == value) }
    }
}
