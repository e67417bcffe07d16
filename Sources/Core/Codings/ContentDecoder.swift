import CBrotli
import CZlib
import CZstd

/// Takes a compressed body apart piece by piece, within a limit: a few bytes may stand for gigabytes. For one thread at
/// a time.
public final class ContentDecoder {
    private enum Backend {
        case gzip(UnsafeMutablePointer<z_stream>)
        case brotli(OpaquePointer)
        case zstd(OpaquePointer)
    }

    private let backend: Backend
    private let scratch = Scratch()
    private let limit: Int
    private let maximumRatio: Int
    private var produced = 0
    private var consumed = 0
    /// Short texts may well be repetitive: the ratio counts from here on.
    private static let ratioFloor = 1 << 20
    private var isAtEnd = false

    /// - Parameters:
    ///   - limit: bytes that may come out in all.
    ///   - maximumRatio: bytes that one byte may stand for, once a megabyte came out.
    /// - Throws: when there is no memory.
    public init(_ coding: ContentCoding, limit: Int, maximumRatio: Int = .max) throws(CodingError) {
        self.limit = limit
        self.maximumRatio = maximumRatio
        switch coding {
        case .gzip:
            let stream = UnsafeMutablePointer<z_stream>.allocate(capacity: 1)
            stream.initialize(to: z_stream())
            guard squilla_inflate_init_gzip(stream) == Z_OK else {
                stream.deallocate()
                throw CodingError("no memory for a gzip decoder")
            }
            backend = .gzip(stream)
        case .brotli:
            guard let state = BrotliDecoderCreateInstance(nil, nil, nil) else {
                throw CodingError("no memory for a brotli decoder")
            }
            backend = .brotli(state)
        case .zstd:
            guard let context = ZSTD_createDCtx() else { throw CodingError("no memory for a zstd decoder") }
            ZSTD_DCtx_setParameter(context, ZSTD_d_windowLogMax, 23)
            backend = .zstd(context)
        }
    }

    deinit {
        switch backend {
        case .gzip(let stream):
            inflateEnd(stream)
            stream.deallocate()
        case .brotli(let state): BrotliDecoderDestroyInstance(state)
        case .zstd(let context): ZSTD_freeDCtx(context)
        }
    }

    /// Takes a piece apart and appends what it stands for.
    /// - Throws: for input that is not of the coding, and where the limit is passed.
    public func decode(_ bytes: Span<UInt8>, into output: inout [UInt8]) throws(CodingError) {
        var failure: CodingError?
        consumed += bytes.count
        bytes.withUnsafeBufferPointer { input in
            do throws(CodingError) {
                switch backend {
                case .gzip(let stream): try inflate(stream, input, &output)
                case .brotli(let state): try brotli(state, input, &output)
                case .zstd(let context): try zstd(context, input, &output)
                }
            } catch {
                failure = error
            }
        }
        if let failure { throw failure }
    }

    /// Whether the compressed stream is complete.
    public var isComplete: Bool { isAtEnd }

    private func count(_ bytes: Int) throws(CodingError) {
        produced += bytes
        if produced > limit { throw CodingError("the body stands for more than \(limit) bytes", isLimit: true) }
        if produced > Self.ratioFloor, produced / max(1, consumed) >= maximumRatio {
            throw CodingError("each byte of the body stands for more than \(maximumRatio)", isLimit: true)
        }
    }

    private func inflate(
        _ stream: UnsafeMutablePointer<z_stream>, _ input: UnsafeBufferPointer<UInt8>, _ output: inout [UInt8]
    ) throws(CodingError) {
        stream.pointee.next_in = UnsafeMutablePointer(mutating: input.baseAddress)
        stream.pointee.avail_in = UInt32(input.count)
        while true {
            var code = Z_OK
            let before = output.count
            scratch.fill(&output) { buffer in
                stream.pointee.next_out = buffer.baseAddress
                stream.pointee.avail_out = UInt32(buffer.count)
                code = CZlib.inflate(stream, Z_NO_FLUSH)
                return buffer.count - Int(stream.pointee.avail_out)
            }
            try count(output.count - before)
            if code == Z_STREAM_END {
                // Several members in a row are one stream (RFC 1952, 2.2).
                isAtEnd = true
                guard stream.pointee.avail_in > 0 else { return }
                inflateReset(stream)
                isAtEnd = false
                continue
            }
            guard code == Z_OK || code == Z_BUF_ERROR else { throw CodingError("the body is no gzip") }
            if stream.pointee.avail_in == 0, output.count - before < Scratch.count { return }
            if code == Z_BUF_ERROR, output.count == before { return }
        }
    }

    private func brotli(
        _ state: OpaquePointer, _ input: UnsafeBufferPointer<UInt8>, _ output: inout [UInt8]
    ) throws(CodingError) {
        // The decoder fills its window before it gives anything out. As of zstd, up to 8 MiB (RFC 7932, 9.1: WBITS).
        if consumed == input.count, let first = input.first, first & 0xF == 0xF {
            throw CodingError("the window of the brotli stream is larger than 8 MiB", isLimit: true)
        }
        var left = input.count
        var next = input.baseAddress
        while true {
            var result = BROTLI_DECODER_RESULT_ERROR
            let before = output.count
            scratch.fill(&output) { buffer in
                var room = buffer.count
                var place = buffer.baseAddress
                result = BrotliDecoderDecompressStream(state, &left, &next, &room, &place, nil)
                return buffer.count - room
            }
            try count(output.count - before)
            switch result {
            case BROTLI_DECODER_RESULT_NEEDS_MORE_OUTPUT: continue
            case BROTLI_DECODER_RESULT_NEEDS_MORE_INPUT: return
            case BROTLI_DECODER_RESULT_SUCCESS:
                isAtEnd = true
                guard left == 0 else { throw CodingError("bytes follow the end of the brotli stream") }
                return
            default: throw CodingError("the body is no brotli")
            }
        }
    }

    private func zstd(
        _ context: OpaquePointer, _ input: UnsafeBufferPointer<UInt8>, _ output: inout [UInt8]
    ) throws(CodingError) {
        var source = ZSTD_inBuffer(src: input.baseAddress, size: input.count, pos: 0)
        while true {
            var code = 0
            let before = output.count
            scratch.fill(&output) { buffer in
                var target = ZSTD_outBuffer(dst: buffer.baseAddress, size: buffer.count, pos: 0)
                code = ZSTD_decompressStream(context, &target, &source)
                return target.pos
            }
            if ZSTD_isError(code) != 0 { throw CodingError("the body is no zstd") }
            try count(output.count - before)
            isAtEnd = code == 0
            if source.pos == source.size, output.count - before < Scratch.count { return }
        }
    }
}
