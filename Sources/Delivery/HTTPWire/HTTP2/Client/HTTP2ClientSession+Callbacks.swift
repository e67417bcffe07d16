import Bytes
import CNGHTTP2

/// The bridge from nghttp2's callbacks, which get the session as a raw pointer, to methods.
extension HTTP2ClientSession {
    /// A head that an edge passes on may be as large as a client's limit allows.
    private static let maximumSentHeadBytes = 1 << 20

    func makeSession() -> OpaquePointer? {
        var callbacks: OpaquePointer?
        var option: OpaquePointer?
        guard nghttp2_session_callbacks_new(&callbacks) == 0, nghttp2_option_new(&option) == 0 else { return nil }
        defer {
            nghttp2_session_callbacks_del(callbacks)
            nghttp2_option_del(option)
        }
        nghttp2_option_set_no_auto_window_update(option, 1)
        nghttp2_option_set_max_send_header_block_length(option, HTTP2ClientSession.maximumSentHeadBytes)
        install(callbacks)
        installOutput(callbacks)
        var session: OpaquePointer?
        let owner = Unmanaged.passUnretained(self).toOpaque()
        nghttp2_session_client_new2(&session, callbacks, owner, option)
        return session
    }

    private static func owner(_ pointer: UnsafeMutableRawPointer?) -> HTTP2ClientSession? {
        pointer.map { Unmanaged<HTTP2ClientSession>.fromOpaque($0).takeUnretainedValue() }
    }

    private func install(_ callbacks: OpaquePointer?) {
        nghttp2_session_callbacks_set_on_begin_frame_callback(callbacks) { _, head, owner in
            if let head, UInt32(head.pointee.type) == NGHTTP2_CONTINUATION.rawValue {
                HTTP2ClientSession.owner(owner)?.noteControl()
            }
            return 0
        }
        nghttp2_session_callbacks_set_on_begin_headers_callback(callbacks) { _, frame, owner in
            guard let frame, let session = HTTP2ClientSession.owner(owner) else { return 0 }
            if UInt32(frame.pointee.hd.type) == NGHTTP2_PUSH_PROMISE.rawValue { session.refuseToGoOn() }
            session.builder.start(isTrailers: session.records[frame.pointee.hd.stream_id]?.hasResponse == true)
            return 0
        }
        nghttp2_session_callbacks_set_on_header_callback(callbacks) {
            _, frame, name, nameCount, value, count, _, owner in
            guard let frame, let name, let value, let session = HTTP2ClientSession.owner(owner) else { return 0 }
            session.builder.add(
                UnsafeBufferPointer(start: name, count: nameCount).span,
                UnsafeBufferPointer(start: value, count: count).span)
            guard let error = session.builder.error, error.code == .headTooLarge else { return 0 }
            // nghttp2 breaks the stream off and reads the rest for its table alone: small fields that stand for large ones
            // would be looked through one by one.
            session.records[frame.pointee.hd.stream_id]?.fault = error
            return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE.rawValue
        }
        nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks) { _, frame, owner in
            guard let frame else { return 0 }
            HTTP2ClientSession.owner(owner)?.received(frame)
            return 0
        }
        nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks) { raw, _, stream, bytes, count, owner in
            guard let bytes, let session = HTTP2ClientSession.owner(owner) else { return 0 }
            nghttp2_session_consume_connection(raw, count)
            guard session.records[stream] != nil else { return 0 }
            session.handler.bodyReceived(stream, UnsafeBufferPointer(start: bytes, count: count).span)
            return 0
        }
        nghttp2_session_callbacks_set_on_invalid_frame_recv_callback(callbacks) { _, frame, code, owner in
            guard let frame else { return 0 }
            HTTP2ClientSession.owner(owner)?.noteInvalid(frame.pointee.hd.stream_id, code)
            return 0
        }
        nghttp2_session_callbacks_set_on_stream_close_callback(callbacks) { _, stream, code, owner in
            HTTP2ClientSession.owner(owner)?.closed(stream, code: code)
            return 0
        }
    }

    private func installOutput(_ callbacks: OpaquePointer?) {
        nghttp2_session_callbacks_set_send_data_callback(callbacks) { _, frame, head, count, _, owner in
            guard let frame, let head else { return 0 }
            HTTP2ClientSession.owner(owner)?.handler.sendData(
                frame.pointee.hd.stream_id, frameHead: UnsafeBufferPointer(start: head, count: 9).span, count: count)
            return 0
        }
        nghttp2_session_callbacks_set_on_frame_not_send_callback(callbacks) { _, frame, reason, owner in
            guard let frame, UInt32(frame.pointee.hd.type) == NGHTTP2_HEADERS.rawValue,
                frame.pointee.headers.cat == NGHTTP2_HCAT_REQUEST
            else { return 0 }
            // Most often because the server said goodbye between the request and its sending.
            let isTooLarge = reason == Int32(NGHTTP2_ERR_FRAME_SIZE_ERROR.rawValue)
            HTTP2ClientSession.owner(owner)?.closed(
                frame.pointee.hd.stream_id,
                code: isTooLarge ? HTTP2Code.internalError.rawValue : HTTP2Code.refusedStream.rawValue)
            return 0
        }
    }

    /// Asked by nghttp2 when flow control lets a stream send.
    static let readBody: nghttp2_data_source_read_callback = { raw, stream, _, limit, flags, _, owner in
        guard let session = HTTP2ClientSession.owner(owner), let flags, session.records[stream] != nil else {
            return Int(NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE.rawValue)
        }
        let (count, end) = session.handler.bodyAvailable(stream, limit: limit)
        flags.pointee |= UInt32(NGHTTP2_DATA_FLAG_NO_COPY.rawValue)
        switch end {
        case .goesOn: if count == 0 { return Int(NGHTTP2_ERR_DEFERRED.rawValue) }
        case .ends: flags.pointee |= UInt32(NGHTTP2_DATA_FLAG_EOF.rawValue)
        case .endsWithTrailers(let trailers):
            flags.pointee |= UInt32(NGHTTP2_DATA_FLAG_EOF.rawValue | NGHTTP2_DATA_FLAG_NO_END_STREAM.rawValue)
            HTTP2Fields.withFields(ofTrailers: trailers) { fields in
                nghttp2_submit_trailer(raw, stream, fields.baseAddress, fields.count)
            }
        }
        return count
    }

    private func received(_ frame: UnsafePointer<nghttp2_frame>) {
        let head = frame.pointee.hd
        let endsStream = head.flags & UInt8(NGHTTP2_FLAG_END_STREAM.rawValue) != 0
        let isAnswer = head.flags & UInt8(NGHTTP2_FLAG_ACK.rawValue) != 0
        switch UInt32(head.type) {
        case NGHTTP2_HEADERS.rawValue: receivedHeaders(head.stream_id, endsStream: endsStream)
        case NGHTTP2_DATA.rawValue:
            if endsStream { return ended(head.stream_id, HeaderBlock()) }
            if head.length == 0 { noteControl() }
        case NGHTTP2_RST_STREAM.rawValue:
            records[head.stream_id]?.reset = frame.pointee.rst_stream.error_code
        case NGHTTP2_SETTINGS.rawValue:
            if isAnswer { return }
            noteControl()
            handler.settingsReceived()
        case NGHTTP2_PING.rawValue: if !isAnswer { noteControl() }
        case NGHTTP2_PRIORITY.rawValue: noteControl()
        case NGHTTP2_GOAWAY.rawValue: handler.goingAway(code: frame.pointee.goaway.error_code)
        default: break
        }
    }

    private func receivedHeaders(_ stream: Int32, endsStream: Bool) {
        guard let record = records[stream] else { return }
        builder.finish(endsHere: endsStream, method: record.method)
        if builder.isTrailers {
            guard endsStream else { return }
            return ended(stream, builder.error == nil ? builder.head.block : HeaderBlock())
        }
        if let error = builder.error { return fail(stream, error) }
        if !builder.head.isInterim { records[stream]?.hasResponse = true }
        handler.responseReceived(stream, builder.head)
        if endsStream { ended(stream, HeaderBlock()) }
    }

    private func ended(_ stream: Int32, _ trailers: HeaderBlock) {
        guard records[stream] != nil else { return }
        handler.responseEnded(stream, trailers: trailers)
    }

    /// A response that can't be used: the stream is broken off, and its end says why.
    private func fail(_ stream: Int32, _ error: WireError) {
        records[stream]?.fault = error
        nghttp2_submit_rst_stream(
            session, UInt8(NGHTTP2_FLAG_NONE.rawValue), stream, NGHTTP2_PROTOCOL_ERROR.rawValue)
    }

    private func noteInvalid(_ stream: Int32, _ code: Int32) {
        let words = nghttp2_strerror(code).map { String(cString: $0) } ?? "error \(code)"
        records[stream]?.fault = WireError(.malformedField, "HTTP/2: \(words)")
    }

    private func closed(_ stream: Int32, code: UInt32) {
        guard let record = records.removeValue(forKey: stream) else { return }
        handler.streamClosed(stream, HTTP2StreamEnd(record, code: code))
    }
}

extension HTTP2StreamEnd {
    fileprivate init(_ record: HTTP2ClientSession.Record, code: UInt32) {
        if let fault = record.fault {
            self = .malformed(fault)
        } else if code == HTTP2Code.refusedStream.rawValue {
            self = .refused
        } else if code == HTTP2Code.noError.rawValue, record.reset == nil {
            self = .complete
        } else if record.reset == nil, code == NGHTTP2_PROTOCOL_ERROR.rawValue {
            // nghttp2 found a body that is not as long as its head says.
            self = .malformed(WireError(.malformedFraming, "HTTP/2: the response breaks the protocol"))
        } else {
            self = .reset(code: record.reset ?? code)
        }
    }
}
