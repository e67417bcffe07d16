import Bytes
import Testing

@Suite struct DecimalTextTests {
    private func read(_ text: String, _ scale: Int) -> DecimalReading {
        NumberParser.decimal(Array(text.utf8).span, scale: scale)
    }

    private func written(_ value: Int128, _ scale: Int) -> String {
        var bytes: [UInt8] = []
        NumberWriter.append(decimal: value, scale: scale, to: &bytes)
        return String(decoding: bytes, as: UTF8.self)
    }

    private static let limit: Int128 = 100_000_000_000_000_000_000_000_000_000_000_000_000

    @Test(
        arguments: [
            ("0", 2, "0.00"), ("-0", 2, "0.00"), ("1.5", 0, "2"), ("-1.5", 0, "-2"), ("1.49999999999999999999", 0, "1"),
            ("0.5", 0, "1"), ("0.05", 0, "0"), ("0.04", 1, "0.0"), ("9.995", 2, "10.00"), (".5", 1, "0.5"),
            ("7.", 0, "7"), ("+12.34", 3, "12.340"), ("1e3", 0, "1000"), ("1.25E-1", 3, "0.125"), ("125e-4", 2, "0.01"),
            ("5e-1", 0, "1"), ("4e-1", 0, "0"), ("9e-999999999999999999", 38, "0." + String(repeating: "0", count: 38)),
            ("0e999999999999999999", 0, "0"), ("99999999999999999999999999999999999999", 0, nil),
            ("0.99999999999999999999999999999999999999", 38, nil),
            ("000000000000000000000000000000000000000000001", 0, "1"),
            ("123456789012345678.901234567890123456789", 18, "123456789012345678.901234567890123457"),
        ] as [(String, Int, String?)])
    func numbers(_ text: String, _ scale: Int, _ wanted: String?) {
        guard case .value(let value) = read(text, scale) else {
            Issue.record("\(text) is no number")
            return
        }
        #expect(written(value, scale) == wanted ?? text)
    }

    @Test(arguments: [
        "", "-", "+", ".", "-.", "1e", "1e+", "e5", "1.2.3", "1,5", " 1", "1 ", "0x1", "nan", "--1", "1e5x",
    ])
    func notNumbers(_ text: String) {
        #expect(read(text, 2) == .notANumber)
    }

    @Test(arguments: [
        ("100000000000000000000000000000000000000", 0), ("1", 38), ("-1e38", 0), ("1e999999999999999999", 0),
        ("0.999999999999999999999999999999999999995", 38), ("9e99", 2),
        ("340282366920938463463374607431768211456", 0), ("99999999999999999999999999999999999999999999999999999999", 0),
    ])
    func beyondAllDecimals(_ text: String, _ scale: Int) {
        #expect(read(text, scale) == .outOfRange)
    }

    @Test func whatIsWrittenIsReadAgain() {
        var state: UInt64 = 7
        func next() -> UInt64 {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return state
        }
        for _ in 0..<20_000 {
            let wide = Int128(truncatingIfNeeded: UInt128(next()) << 64 | UInt128(next())) % Self.limit
            let value = wide >> Int128(next() >> 58 & 127)
            let scale = Int(next() >> 33) % 39
            let text = written(value, scale)
            #expect(read(text, scale) == .value(value), "\(text)")
            #expect(
                text.filter { $0 != "." && $0 != "-" }.drop { $0 == "0" }
                    == value.magnitude.description.drop { $0 == "0" })
        }
        #expect(written(.min, 38) == "-1.70141183460469231731687303715884105728")
    }
}
