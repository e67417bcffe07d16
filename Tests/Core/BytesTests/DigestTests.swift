import Bytes
import Testing

@Suite struct DigestTests {
    private func hexadecimal(_ digest: Digest, _ bytes: [UInt8]) -> String {
        var buffer: [UInt8] = [0x2a]
        digest.appendHexadecimal(of: bytes.span, to: &buffer)
        return String(decoding: buffer.dropFirst(), as: UTF8.self)
    }

    /// RFC 1321, appendix A.5, and RFC 6234, section 8.5.
    @Test func knownDigests() {
        #expect(hexadecimal(.md5, Array("abc".utf8)) == "900150983cd24fb0d6963f7d28e17f72")
        #expect(hexadecimal(.md5, Array("".utf8)) == "d41d8cd98f00b204e9800998ecf8427e")
        #expect(hexadecimal(.sha1, Array("abc".utf8)) == "a9993e364706816aba3e25717850c26c9cd0d89d")
        #expect(hexadecimal(.sha1, Array("".utf8)) == "da39a3ee5e6b4b0d3255bfef95601890afd80709")
        #expect(hexadecimal(.sha224, Array("abc".utf8)) == "23097d223405d8228642a477bda255b32aadbce4bda0b3f7e36c9da7")
        #expect(hexadecimal(.sha224, Array("".utf8)) == "d14a028c2a3a2bc9476102bb288234c415a2b01f828ea62ac5b3e42f")
        #expect(
            hexadecimal(.sha256, Array("abc".utf8))
                == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
        #expect(
            hexadecimal(.sha256, Array("".utf8))
                == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")
        #expect(
            hexadecimal(.sha384, Array("abc".utf8))
                == "cb00753f45a35e8bb5a03d699ac65007272c32ab0eded1631a8b605a43ff5bed"
                + "8086072ba1e7cc2358baeca134c825a7")
        #expect(
            hexadecimal(.sha384, Array("".utf8))
                == "38b060a751ac96384cd9327eb1b1e36a21fdb71114be07434c0cc7bf63f6e1da"
                + "274edebfe76f65fbd51ad2f14898b95b")
        #expect(
            hexadecimal(.sha512, Array("abc".utf8))
                == "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a"
                + "2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f")
        #expect(
            hexadecimal(.sha512, Array("".utf8))
                == "cf83e1357eefb8bdf1542850d66d8007d620e4050b5715dc83f4a921d36ce9ce"
                + "47d0d13c5d85f2b0ff8318d2877eec2f63b931bd47417a81a538327af927da3e")
    }

    /// The digest of the digests of messages of 0 to 299 bytes, so of each way that a message may fill its last block;
    /// the expected values are Python's hashlib's.
    @Test(arguments: [
        (Digest.md5, "07078cab541bc45f0a66e2c0213a32f4"),
        (Digest.sha1, "dfc942b5ddc5fe6421ccada9be50fa42e873926c"),
        (Digest.sha224, "d88e0c78201368a96088c911f15d0f9e9d274ff23ac82fc481f92e00"),
        (Digest.sha256, "d5238871a46ac4a1a75ac3fb19d645b0b3b9e5f35f5f720e2b240d605c6b694e"),
        (
            Digest.sha384,
            "e3a73ee7e40ce4f9bb660f1ec279e2e3145ce11a3d066daaf5ba43639ef37a5e105d92e2090d8f782a96ca4c97457b29"
        ),
        (
            Digest.sha512,
            "30d6c78a55e1f152f00703601a37b39b96c6c8fa2b3e66fb9c8182466b108d39"
                + "d5dd84827c69cadb4376853da7ec31ea83a0a7a0e5a713bac426e0f0ceea8424"
        ),
    ])
    func everyLength(digest: Digest, expected: String) {
        var digests: [UInt8] = []
        for length in 0..<300 {
            let message = (0..<length).map { UInt8(truncatingIfNeeded: $0 * 7 + length) }
            digest.append(of: message.span, to: &digests)
        }
        #expect(digests.count == 300 * digest.byteCount)
        #expect(hexadecimal(digest, digests) == expected)
    }
}
