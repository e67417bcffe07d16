import Bytes
import CNGHTTP2

/// The bridge from nghttp2's callbacks, which get the session as a raw pointer, to methods.
extension HTTP2Session {
    func makeSession() -> OpaquePointer? {
        var callbacks: OpaquePointer?
        var option: OpaquePointer?
        guard nghttp2_session_callbacks_new(&callbacks) == 0, nghttp2_option_new(&option) == 0 else { return nil }
        defer {
            nghttp2_session_callbacks_del(callbacks)
            nghttp2_option_del(option)
        }
        nghttp2_option_set_no_auto_window_update(option, 1)
        nghttp2_option_set_builtin_recv_extension_type(option, UInt8(NGHTTP2_PRIORITY_UPDATE.rawValue))
        install(callbacks)
        var session: OpaquePointer?
        let owner = Unmanaged.passUnretained(self).toOpaque()
        nghttp2_session_server_new2(&session, callbacks, owner, option)
        return session
    }

    func submitSettings(_ wire: WireLimits) {
        guard let session else { return }
        func entry(_ id: nghttp2_settings_id, _ value: Int) -> nghttp2_settings_entry {
            nghttp2_settings_entry(settings_id: Int32(id.rawValue), value: UInt32(clamping: value))
        }
        let entries = [
            entry(NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, limits.maximumStreams),
            entry(NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, limits.streamWindowBytes),
            entry(NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, wire.headBytes),
            entry(NGHTTP2_SETTINGS_NO_RFC7540_PRIORITIES, 1),
        ]
        let none = UInt8(NGHTTP2_FLAG_NONE.rawValue)
        nghttp2_submit_settings(session, none, entries, entries.count)
        nghttp2_session_set_local_window_size(session, none, 0, Int32(clamping: limits.connectionWindowBytes))
    }

    private static func owner(_ pointer: UnsafeMutableRawPointer?) -> HTTP2Session? {
        pointer.map { Unmanaged<HTTP2Session>.fromOpaque($0).takeUnretainedValue() }
    }

    private func install(_ callbacks: OpaquePointer?) {
        nghttp2_session_callbacks_set_on_begin_headers_callback(callbacks) { _, frame, owner in
            guard let frame else { return 0 }
            let isTrailers = frame.pointee.headers.cat != NGHTTP2_HCAT_REQUEST
            HTTP2Session.owner(owner)?.builder.start(isTrailers: isTrailers)
            return 0
        }
        nghttp2_session_callbacks_set_on_begin_frame_callback(callbacks) { _, head, owner in
            guard let head else { return 0 }
            HTTP2Session.owner(owner)?.checkOrder(head.pointee)
            return 0
        }
        nghttp2_session_callbacks_set_on_frame_send_callback(callbacks) { _, frame, owner in
            // Also those that nghttp2 sends on its own.
            guard let frame, UInt32(frame.pointee.hd.type) == NGHTTP2_RST_STREAM.rawValue else { return 0 }
            HTTP2Session.owner(owner)?.memory.noteReset(frame.pointee.hd.stream_id)
            return 0
        }
        nghttp2_session_callbacks_set_on_header_callback(callbacks) { _, _, name, nameCount, value, count, _, owner in
            guard let name, let value else { return 0 }
            HTTP2Session.owner(owner)?.builder.add(
                UnsafeBufferPointer(start: name, count: nameCount).span,
                UnsafeBufferPointer(start: value, count: count).span)
            return 0
        }
        nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks) { _, frame, owner in
            guard let frame else { return 0 }
            HTTP2Session.owner(owner)?.received(frame)
            return 0
        }
        nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks) { _, _, stream, bytes, count, owner in
            guard let bytes else { return 0 }
            HTTP2Session.owner(owner)?.handler.bodyReceived(
                stream, UnsafeBufferPointer(start: bytes, count: count).span)
            return 0
        }
        nghttp2_session_callbacks_set_on_stream_close_callback(callbacks) { _, stream, code, owner in
            HTTP2Session.owner(owner)?.handler.streamClosed(stream, code: code)
            return 0
        }
        nghttp2_session_callbacks_set_send_data_callback(callbacks) { _, frame, head, count, _, owner in
            guard let frame, let head else { return 0 }
            HTTP2Session.owner(owner)?.handler.sendData(
                frame.pointee.hd.stream_id, frameHead: UnsafeBufferPointer(start: head, count: 9).span, count: count)
            return 0
        }
    }

    /// Asked by nghttp2 when flow control and priorities let a stream send.
    static let readBody: nghttp2_data_source_read_callback = { _, stream, _, limit, flags, _, owner in
        guard let session = HTTP2Session.owner(owner), let flags else {
            return Int(NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE.rawValue)
        }
        let (count, end) = session.handler.bodyAvailable(stream, limit: limit)
        flags.pointee |= UInt32(NGHTTP2_DATA_FLAG_NO_COPY.rawValue)
        switch end {
        case .goesOn: if count == 0 { return Int(NGHTTP2_ERR_DEFERRED.rawValue) }
        case .ends: flags.pointee |= UInt32(NGHTTP2_DATA_FLAG_EOF.rawValue)
        case .endsWithTrailers(let trailers):
            flags.pointee |= UInt32(NGHTTP2_DATA_FLAG_EOF.rawValue | NGHTTP2_DATA_FLAG_NO_END_STREAM.rawValue)
            session.submitTrailers(stream, trailers)
        }
        return count
    }

    private func received(_ frame: UnsafePointer<nghttp2_frame>) {
        let head = frame.pointee.hd
        let endsStream = head.flags & UInt8(NGHTTP2_FLAG_END_STREAM.rawValue) != 0
        switch UInt32(head.type) {
        case NGHTTP2_HEADERS.rawValue: receivedHeaders(head.stream_id, endsStream: endsStream)
        case NGHTTP2_DATA.rawValue:
            if endsStream { return handler.requestEnded(head.stream_id, trailers: HeaderBlock()) }
            if head.length == 0 { noteControl() }
        case NGHTTP2_RST_STREAM.rawValue: noteReset()
        case NGHTTP2_SETTINGS.rawValue, NGHTTP2_PING.rawValue:
            if head.flags & UInt8(NGHTTP2_FLAG_ACK.rawValue) == 0 { noteControl() }
        case NGHTTP2_PRIORITY.rawValue, NGHTTP2_PRIORITY_UPDATE.rawValue: noteControl()
        default: break
        }
    }

    private func receivedHeaders(_ stream: Int32, endsStream: Bool) {
        builder.finish(endsHere: endsStream)
        guard builder.isTrailers else {
            return handler.requestReceived(stream, &builder.head, error: builder.error, isComplete: endsStream)
        }
        guard endsStream else { return }
        handler.requestEnded(stream, trailers: builder.error == nil ? builder.head.block : HeaderBlock())
    }
}
