import CNGHTTP2
import Testing

@testable import HTTPWire

@Suite struct HPACKTests {
    /// What a decoder made of blocks, one after the other.
    private struct Reading {
        var decoder = HPACKDecoder()
        var builder = HTTP2RequestBuilder(limits: .client)

        /// Fields as a head has them, the parts of its request line first; nil for a block that can't be read.
        mutating func read(_ block: [UInt8]) -> [String]? {
            builder.start(isTrailers: false)
            guard decoder.decode(block.span, into: &builder) else { return nil }
            builder.finish(endsHere: true)
            let head = builder.head
            return [head.string(head.methodRange), head.string(head.target)]
                + head.block.fields.map { "\(head.string($0.name)): \(head.string($0.value))" }
        }

        /// The dynamic table's fields, the newest first.
        var table: [String] {
            (0..<decoder.table.count).map { index in
                guard let field = decoder.table.field(index) else { return "" }
                return decoder.table.octets(field).withUnsafeBufferPointer { String(decoding: $0, as: UTF8.self) }
            }
        }
    }

    private func bytes(_ hex: String) -> [UInt8] {
        let digits = Array(hex.utf8.filter { $0 != 0x20 })
        return stride(from: 0, to: digits.count, by: 2).map {
            UInt8(String(decoding: digits[$0..<$0 + 2], as: UTF8.self), radix: 16) ?? 0
        }
    }

    // MARK: RFC 7541, appendix C

    @Test func numbers() throws {
        for (octets, prefix, number) in [([0x0a], 5, 10), ([0x1f, 0x9a, 0x0a], 5, 1337), ([0x2a], 8, 42)]
            as [([UInt8], Int, Int)]
        {
            var position = 0
            let read = HPACKInteger.read(octets.span, &position, prefix: prefix)
            #expect(read == number && position == octets.count)
            let written = [UInt8](capacity: 8) {
                HPACKInteger.append(number, prefix: prefix, pattern: 0, to: &$0)
            }
            #expect(written == octets)
        }
    }

    @Test(arguments: [[0x1f], [0x1f, 0x80], [0x1f, 0xff, 0xff, 0xff, 0xff, 0x0f], [0x1f, 0x80, 0x80, 0x80, 0x80, 0]])
    func numbersThatAreNone(octets: [UInt8]) {
        var position = 0
        let number = HPACKInteger.read(octets.span, &position, prefix: 5)
        #expect(number == nil)
    }

    private static let requests = [
        ["GET", "/", "host: www.example.com"],
        ["GET", "/", "cache-control: no-cache", "host: www.example.com"],
        ["GET", "/index.html", "custom-key: custom-value", "host: www.example.com"],
    ]

    @Test(arguments: [
        [
            "8286 8441 0f77 7777 2e65 7861 6d70 6c65 2e63 6f6d", "8286 84be 5808 6e6f 2d63 6163 6865",
            "8287 85bf 400a 6375 7374 6f6d 2d6b 6579 0c63 7573 746f 6d2d 7661 6c75 65",
        ],
        [
            "8286 8441 8cf1 e3c2 e5f2 3a6b a0ab 90f4 ff", "8286 84be 5886 a8eb 1064 9cbf",
            "8287 85bf 4088 25a8 49e9 5ba9 7d7f 8925 a849 e95b b8e8 b4bf",
        ],
    ])
    func requestsOfTheAppendix(blocks: [String]) {
        var reading = Reading()
        for (block, expected) in zip(blocks, HPACKTests.requests) {
            #expect(reading.read(bytes(block)) == expected)
            #expect(!reading.builder.isMalformed && reading.builder.error == nil)
        }
        #expect(
            reading.table == ["custom-keycustom-value", "cache-controlno-cache", "hostwww.example.com"])
        #expect(reading.decoder.table.size == 164)
    }

    /// A table of 256 octets, so that entries are evicted. The pseudo-header field's name is not kept.
    @Test(arguments: [
        [
            "4803 3330 3258 0770 7269 7661 7465 611d 4d6f 6e2c 2032 3120 4f63 7420 3230 3133 2032 303a 3133 3a32 3120 474d 546e "
                + "1768 7474 7073 3a2f 2f77 7777 2e65 7861 6d70 6c65 2e63 6f6d", "4803 3330 37c1 c0bf",
            "88c1 611d 4d6f 6e2c 2032 3120 4f63 7420 3230 3133 2032 303a 3133 3a32 3220 474d 54c0 5a04 677a 6970 7738 666f 6f3d "
                + "4153 444a 4b48 514b 425a 584f 5157 454f 5049 5541 5851 5745 4f49 553b 206d 6178 2d61 6765 3d33 3630 303b 2076 "
                + "6572 7369 6f6e 3d31",
        ],
        [
            "4882 6402 5885 aec3 771a 4b61 96d0 7abe 9410 54d4 44a8 2005 9504 0b81 66e0 82a6 2d1b ff6e 919d 29ad 1718 63c7 8f0b "
                + "97c8 e9ae 82ae 43d3", "4883 640e ffc1 c0bf",
            "88c1 6196 d07a be94 1054 d444 a820 0595 040b 8166 e084 a62d 1bff c05a 839b d9ab 77ad 94e7 821d d7f2 e6c7 b335 dfdf "
                + "cd5b 3960 d5af 2708 7f36 72c1 ab27 0fb5 291f 9587 3160 65c0 03ed 4ee5 b106 3d50 07",
        ],
    ])
    func responsesOfTheAppendix(blocks: [String]) {
        let tables = [
            [
                "locationhttps://www.example.com", "dateMon, 21 Oct 2013 20:13:21 GMT", "cache-controlprivate", "302",
            ],
            [
                "307", "locationhttps://www.example.com", "dateMon, 21 Oct 2013 20:13:21 GMT", "cache-controlprivate",
            ],
            [
                "set-cookiefoo=ASDJKHQKBZXOQWEOPIUAXQWEOIU; max-age=3600; version=1", "content-encodinggzip",
                "dateMon, 21 Oct 2013 20:13:22 GMT",
            ],
        ]
        var reading = Reading()
        for (index, block) in blocks.enumerated() {
            let update: [UInt8] = index == 0 ? [0x3f, 0xe1, 0x01] : []
            #expect(reading.read(update + bytes(block)) != nil)
            // No request has a status.
            #expect(reading.builder.isMalformed)
            #expect(reading.table == tables[index])
            #expect(reading.decoder.table.size == [222, 222, 215][index])
        }
    }

    // MARK: Errors

    @Test(
        arguments: [
            // Index 0; beyond both tables, as a field and as a name; cut off in a number, a name, a value.
            [0x80], [0xbe], [0xff, 0x80, 0x01], [0x7f, 0x80, 0x01, 0x01, 0x61], [0xff], [0x40], [0x40, 0x05, 0x61],
            [0x40, 0x01, 0x61], [0x40, 0x01, 0x61, 0x05, 0x62], [0x40, 0x01, 0x61, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff],
            // A size update behind a field, one that is too large.
            [0x82, 0x20], [0x3f, 0xe2, 0x1f],
            // Huffman: padding of 8 bits, of zeros, the end of the string, nothing but padding.
            [0x00, 0x01, 0x61, 0x82, 0x1f, 0xff], [0x00, 0x01, 0x61, 0x81, 0x18],
            [0x00, 0x01, 0x61, 0x84, 0xff, 0xff, 0xff, 0xff],
            [0x00, 0x01, 0x61, 0x81, 0xff],
        ] as [[UInt8]])
    func blocksThatCannotBeRead(block: [UInt8]) {
        var reading = Reading()
        #expect(reading.read(block) == nil)
    }

    @Test func updatesOfTheTableMayFollowEachOther() {
        var reading = Reading()
        #expect(reading.read([0x20, 0x3f, 0xe1, 0x1f, 0x82]) != nil)
        #expect(reading.decoder.table.limit == 4096)
    }

    /// A table that is filled again and again keeps what it should.
    @Test func aTableGoesRound() {
        var table = HPACKTable()
        for round in 0..<2_000 {
            let octets = Array("name\(round)".utf8) + [UInt8](repeating: 0x76, count: round % 97)
            var field = HPACKField()
            field.nameLength = UInt16("name\(round)".utf8.count)
            field.valueLength = UInt16(octets.count) - field.nameLength
            field.size = UInt32(octets.count + 32)
            table.add(field, octets.span)
            #expect(table.size <= 4096)
            var size = 0
            for index in 0..<table.count {
                let kept = table.field(index) ?? HPACKField()
                size += Int(kept.size)
                let name = Array("name\(round - index)".utf8)
                let isKept = table.octets(kept).extracting(..<Int(kept.nameLength)).equalsIgnoringCase(name.span)
                #expect(isKept)
            }
            #expect(size == table.size)
            #expect(table.field(table.count) == nil)
        }
        table.setLimit(0)
        #expect(table.count == 0 && table.size == 0)
    }

    /// A block that stands for much more than it is long.
    @Test func aHeadGrowsWhileItIsRead() {
        var reading = Reading()
        let value = String(repeating: "v", count: 100)
        let entry: [UInt8] = [0x40, 1, 0x61, 100] + Array(value.utf8)
        let late: [UInt8] = [0x40, 1, 0x62, 3] + Array("end".utf8)
        for count in [1, 2, 3, 10, 90] {
            let fields = [UInt8](repeating: 0xBE, count: count)
            let expected = ["GET", "/"] + [String](repeating: "a: \(value)", count: count + 1) + ["b: end", "host: x"]
            #expect(reading.read([0x82, 0x86, 0x84, 0x01, 1, 0x78] + entry + fields + late) == expected)
        }
        // The parts of the request line behind other pseudo-header fields, in memory that was too small for them.
        let path = "/" + String(repeating: "p", count: 4_000)
        let block: [UInt8] = [0x44, 0x7F, 0xA2, 0x1E] + Array(path.utf8)
        #expect(reading.read([0x82, 0x86] + block + [0x01, 1, 0x78]) == ["GET", path, "host: x"])
        #expect(reading.read([0x86, 0xBE, 0x82, 0x01, 1, 0x78]) == ["GET", path, "host: x"])
    }

    @Test func aFieldThatIsLargerThanTheTableEmptiesIt() {
        var reading = Reading()
        #expect(reading.read([0x40, 1, 0x61, 1, 0x62]) != nil)
        #expect(reading.table == ["ab"])
        #expect(reading.read([0x40, 1, 0x61, 0x7F, 0xA1, 0x1E] + [UInt8](repeating: 0x62, count: 4_000)) != nil)
        #expect(reading.table.count == 2)
        #expect(reading.read([0x40, 1, 0x61, 0x7F, 0x81, 0x1F] + [UInt8](repeating: 0x62, count: 4_096)) != nil)
        #expect(reading.table == [])
    }

    // MARK: With nghttp2 on the other side

    private func deflate(_ deflater: OpaquePointer?, _ fields: [(String, String)]) -> [UInt8] {
        let texts = fields.map { (Array($0.0.utf8), Array($0.1.utf8)) }
        var list = texts.map { name, value in
            nghttp2_nv(
                name: Self.copy(name), value: Self.copy(value), namelen: name.count, valuelen: value.count, flags: 0)
        }
        defer {
            for field in list {
                field.name.deallocate()
                field.value.deallocate()
            }
        }
        var block = [UInt8](repeating: 0, count: 1 << 17)
        let count = nghttp2_hd_deflate_hd(deflater, &block, block.count, &list, list.count)
        return Array(block[..<max(0, count)])
    }

    private static func copy(_ bytes: [UInt8]) -> UnsafeMutablePointer<UInt8> {
        let copy = UnsafeMutablePointer<UInt8>.allocate(capacity: bytes.count + 1)
        for (index, byte) in bytes.enumerated() { copy[index] = byte }
        return copy
    }

    @Test func whatNghttp2Writes() {
        var deflater: OpaquePointer?
        #expect(nghttp2_hd_deflate_new(&deflater, 4096) == 0)
        defer { nghttp2_hd_deflate_del(deflater) }
        var random = SystemRandomNumberGenerator()
        var reading = Reading()
        for round in 0..<500 {
            let path = "/" + String((0..<round % 40).map { _ in "abcXYZ019-_~%".randomElement(using: &random) ?? "a" })
            var fields = [
                (":method", "GET"), (":scheme", "https"), (":path", path), (":authority", "a\(round % 7).test"),
            ]
            for _ in 0..<Int.random(in: 0...9, using: &random) {
                let name = ["accept", "user-agent", "x-\(round % 11)", "cookie", "if-none-match"].randomElement() ?? ""
                // Every octet that a value may have: all codes of the Huffman code but those of controls.
                let value = (0..<Int.random(in: 1...60)).map { _ in UInt8.random(in: 0x21...0x7e) }
                fields.append((name, String(decoding: value, as: UTF8.self)))
            }
            let cookies = fields.filter { $0.0 == "cookie" }.map(\.1)
            var expected = fields.dropFirst(4).filter { $0.0 != "cookie" || cookies.count == 1 }.map {
                "\($0.0): \($0.1)"
            }
            if cookies.count > 1 { expected.append("cookie: " + cookies.joined(separator: "; ")) }
            expected.append("host: a\(round % 7).test")
            #expect(reading.read(deflate(deflater, fields)) == ["GET", path] + expected)
        }
    }

    /// Each octet alone and many in a row, coded by nghttp2; what it codes shorter as it is, it does not code.
    @Test func everyOctetOfTheHuffmanCode() {
        var deflater: OpaquePointer?
        #expect(nghttp2_hd_deflate_new(&deflater, 0) == 0)
        defer { nghttp2_hd_deflate_del(deflater) }
        let easy = [UInt8](repeating: 0x65, count: 60)
        for octet in UInt8.min...UInt8.max {
            let value = easy + [octet, octet] + easy
            let block = deflate(deflater, octets: value)
            // Behind a size update: a literal of the name `x`, which is shorter as it is.
            guard let start = block.firstIndex(of: 0x78), block.count > start + 2 else {
                Issue.record("\(block)")
                continue
            }
            var position = start + 1
            #expect(block[position] & 0x80 != 0)
            let count = HPACKInteger.read(block.span, &position, prefix: 7) ?? 0
            let coded = Array(block[position..<position + count])
            var out: [UInt8] = [9]
            let isValid = decode(coded, into: &out)
            #expect(isValid && out == [9] + value)
            let padded = coded + [0xff]
            let isPaddedValid = decode(padded, into: &out)
            #expect(!isPaddedValid)
        }
    }

    private func decode(_ code: [UInt8], into out: inout [UInt8]) -> Bool {
        var isValid = false
        out.append(addingCapacity: HPACKHuffman.decodedBound(code.count)) {
            isValid = HPACKHuffman.shared.decode(code.span, into: &$0)
        }
        return isValid
    }

    private func deflate(_ deflater: OpaquePointer?, octets: [UInt8]) -> [UInt8] {
        let (name, value) = (Self.copy([0x78]), Self.copy(octets))
        defer {
            name.deallocate()
            value.deallocate()
        }
        var field = nghttp2_nv(name: name, value: value, namelen: 1, valuelen: octets.count, flags: 0)
        var block = [UInt8](repeating: 0, count: 1 << 12)
        let count = nghttp2_hd_deflate_hd(deflater, &block, block.count, &field, 1)
        return Array(block[..<max(0, count)])
    }

    private func inflate(_ inflater: OpaquePointer?, _ block: [UInt8]) -> [String]? {
        var fields: [String] = []
        var rest = block
        while true {
            var field = nghttp2_nv()
            var flags: Int32 = 0
            let count = nghttp2_hd_inflate_hd2(inflater, &field, &flags, rest, rest.count, 1)
            guard count >= 0 else { return nil }
            rest.removeFirst(count)
            if flags & Int32(NGHTTP2_HD_INFLATE_EMIT.rawValue) != 0 {
                let name = UnsafeBufferPointer(start: field.name, count: field.namelen)
                let value = UnsafeBufferPointer(start: field.value, count: field.valuelen)
                fields.append("\(String(decoding: name, as: UTF8.self)): \(String(decoding: value, as: UTF8.self))")
            }
            if flags & Int32(NGHTTP2_HD_INFLATE_FINAL.rawValue) != 0 { break }
        }
        nghttp2_hd_inflate_end_headers(inflater)
        return fields
    }

    @Test func whatNghttp2Reads() {
        var inflater: OpaquePointer?
        #expect(nghttp2_hd_inflate_new(&inflater) == 0)
        defer { nghttp2_hd_inflate_del(inflater) }
        let long = String(repeating: "v", count: 20_000)
        let name = String(repeating: "N", count: 130)
        for status in [200, 204, 206, 304, 400, 404, 500, 503, 103] {
            let fields = [
                "Content-Type: text/html", "content-length: 5", "ETag: \"x\"", "X-Custom: 1", "Connection: close",
                "Keep-Alive: x", "TRANSFER-ENCODING: chunked", "Set-Cookie: a", "X-Empty: ", "X-Long: \(long)",
                "\(name): 1",
                "X-127: \(long.prefix(127))", "Age: 0", "vary: a", "Upgrade: h2c", "Proxy-Connection: x", "Te: 1",
            ]
            let text = Array("HTTP/1.1 \(status) OK\r\n\(fields.joined(separator: "\r\n"))\r\n\r\n".utf8)
            var out: [UInt8] = []
            HPACKEncoder().append(response: text.span, tableSize: status == 204 ? 0 : nil, to: &out)
            let dropped = ["connection", "keep-alive", "transfer-encoding", "upgrade", "proxy-connection"]
            let expected = fields.compactMap { field -> String? in
                let parts = field.split(separator: ":", maxSplits: 1).map(String.init)
                return dropped.contains(parts[0].lowercased()) ? nil : "\(parts[0].lowercased()):\(parts[1])"
            }
            #expect(inflate(inflater, Array(out.dropFirst(9))) == [":status: \(status)"] + expected)
        }
    }
}

extension [UInt8] {
    fileprivate init(capacity: Int, _ write: (inout OutputSpan<UInt8>) -> Void) {
        self = []
        append(addingCapacity: capacity) { write(&$0) }
    }
}
