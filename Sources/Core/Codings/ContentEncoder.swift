import CBrotli
import CZlib
import CZstd

/// Compresses a body piece by piece. For one thread at a time; some hundred kilobytes of memory while it lives.
public final class ContentEncoder {
    private enum Backend {
        case gzip(UnsafeMutablePointer<z_stream>)
        case brotli(OpaquePointer)
        case zstd(OpaquePointer)
    }

    private let backend: Backend
    private let scratch = Scratch()
    private var hasFinished = false

    /// - Parameter level: clamped to the coding's ``ContentCoding/levels``.
    /// - Throws: when there is no memory.
    public init(_ coding: ContentCoding, level: Int) throws(CodingError) {
        let level = min(max(level, coding.levels.lowerBound), coding.levels.upperBound)
        switch coding {
        case .gzip:
            let stream = UnsafeMutablePointer<z_stream>.allocate(capacity: 1)
            stream.initialize(to: z_stream())
            guard squilla_deflate_init_gzip(stream, Int32(level)) == Z_OK else {
                stream.deallocate()
                throw CodingError("no memory for a gzip encoder")
            }
            backend = .gzip(stream)
        case .brotli:
            guard let state = BrotliEncoderCreateInstance(nil, nil, nil) else {
                throw CodingError("no memory for a brotli encoder")
            }
            BrotliEncoderSetParameter(state, BROTLI_PARAM_QUALITY, UInt32(level))
            // Half a megabyte of window: what is larger costs more memory than it saves on the web.
            BrotliEncoderSetParameter(state, BROTLI_PARAM_LGWIN, 19)
            backend = .brotli(state)
        case .zstd:
            guard let context = ZSTD_createCCtx() else { throw CodingError("no memory for a zstd encoder") }
            ZSTD_CCtx_setParameter(context, ZSTD_c_compressionLevel, Int32(level))
            // Clients need not take windows above 8 MiB (RFC 9659).
            ZSTD_CCtx_setParameter(context, ZSTD_c_windowLog, 20)
            backend = .zstd(context)
        }
    }

    deinit {
        switch backend {
        case .gzip(let stream):
            deflateEnd(stream)
            stream.deallocate()
        case .brotli(let state): BrotliEncoderDestroyInstance(state)
        case .zstd(let context): ZSTD_freeCCtx(context)
        }
    }

    /// Compresses a piece. What is ready is appended to `output`; the rest waits inside.
    /// - Parameter flushes: everything so far becomes readable, at the price of some ratio: for bodies that trickle.
    /// - Throws: when the library has no memory; what came so far is then no whole stream and can't become one.
    public func encode(
        _ bytes: Span<UInt8>, flushes: Bool = false, into output: inout [UInt8]
    ) throws(CodingError) {
        let isWhole = bytes.withUnsafeBufferPointer { run($0, ends: false, flushes: flushes, &output) }
        if !isWhole { throw CodingError("no memory to compress the body") }
    }

    /// Ends the stream. Nothing may be encoded after it.
    public func finish(into output: inout [UInt8]) throws(CodingError) {
        guard !hasFinished else { return }
        hasFinished = true
        let nothing = UnsafeBufferPointer<UInt8>(start: nil, count: 0)
        if !run(nothing, ends: true, flushes: false, &output) { throw CodingError("no memory to compress the body") }
    }

    private func run(
        _ input: UnsafeBufferPointer<UInt8>, ends: Bool, flushes: Bool, _ output: inout [UInt8]
    ) -> Bool {
        switch backend {
        case .gzip(let stream):
            return deflate(stream, input, ends ? Z_FINISH : flushes ? Z_SYNC_FLUSH : Z_NO_FLUSH, &output)
        case .brotli(let state):
            let operation =
                ends ? BROTLI_OPERATION_FINISH : flushes ? BROTLI_OPERATION_FLUSH : BROTLI_OPERATION_PROCESS
            return brotli(state, input, operation, &output)
        case .zstd(let context):
            return zstd(context, input, ends ? ZSTD_e_end : flushes ? ZSTD_e_flush : ZSTD_e_continue, &output)
        }
    }

    private func deflate(
        _ stream: UnsafeMutablePointer<z_stream>, _ input: UnsafeBufferPointer<UInt8>, _ mode: Int32,
        _ output: inout [UInt8]
    ) -> Bool {
        stream.pointee.next_in = UnsafeMutablePointer(mutating: input.baseAddress)
        stream.pointee.avail_in = UInt32(input.count)
        while true {
            var room: UInt32 = 0
            var code = Z_OK
            scratch.fill(&output) { buffer in
                stream.pointee.next_out = buffer.baseAddress
                stream.pointee.avail_out = UInt32(buffer.count)
                code = CZlib.deflate(stream, mode)
                room = stream.pointee.avail_out
                return buffer.count - Int(room)
            }
            guard code == Z_OK || code == Z_STREAM_END || code == Z_BUF_ERROR else { return false }
            // Room that is left says that there is no more.
            if room > 0 { return true }
        }
    }

    private func brotli(
        _ state: OpaquePointer, _ input: UnsafeBufferPointer<UInt8>, _ operation: BrotliEncoderOperation,
        _ output: inout [UInt8]
    ) -> Bool {
        var left = input.count
        var next = input.baseAddress
        while true {
            var isGood = BROTLI_FALSE
            scratch.fill(&output) { buffer in
                var room = buffer.count
                var place = buffer.baseAddress
                isGood = BrotliEncoderCompressStream(state, operation, &left, &next, &room, &place, nil)
                return buffer.count - room
            }
            if isGood == BROTLI_FALSE { return false }
            if left == 0, BrotliEncoderHasMoreOutput(state) == 0 { return true }
        }
    }

    private func zstd(
        _ context: OpaquePointer, _ input: UnsafeBufferPointer<UInt8>, _ operation: ZSTD_EndDirective,
        _ output: inout [UInt8]
    ) -> Bool {
        var source = ZSTD_inBuffer(src: input.baseAddress, size: input.count, pos: 0)
        while true {
            var left = 0
            scratch.fill(&output) { buffer in
                var target = ZSTD_outBuffer(dst: buffer.baseAddress, size: buffer.count, pos: 0)
                left = ZSTD_compressStream2(context, &target, &source, operation)
                return target.pos
            }
            if ZSTD_isError(left) != 0 { return false }
            if operation == ZSTD_e_continue ? source.pos == source.size : left == 0 { return true }
        }
    }
}
