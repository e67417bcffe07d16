import CSimdjson

/// Where in a text the JSON tokens begin; see `csimdjson.h`.
struct JSONIndex: ~Copyable, @unchecked Sendable {
    enum Failure: Error {
        case memory, string, utf8, empty, other
    }

    private let handle: OpaquePointer?

    init() {
        self.handle = squilla_json_index_create()
    }

    deinit {
        if let handle { squilla_json_index_destroy(handle) }
    }

    /// A cursor at the first token of `bytes`. It is good until the next call, and as long as `bytes` is.
    mutating func scan(_ bytes: UnsafeBufferPointer<UInt8>) throws(Failure) -> JSONCursor {
        guard let handle, let base = bytes.baseAddress else { throw .memory }
        var positions: UnsafePointer<UInt32>?
        var count = 0
        let code = squilla_json_index_scan(handle, base, bytes.count, &positions, &count)
        guard Int(code) == Int(SQUILLA_JSON_OK), let positions else { throw Self.failure(code) }
        return JSONCursor(
            base: base, count: bytes.count, positions: positions, positionCount: count, index: 0, lineEnd: bytes.count)
    }

    private static func failure(_ code: Int32) -> Failure {
        switch Int(code) {
        case Int(SQUILLA_JSON_STRING): .string
        case Int(SQUILLA_JSON_UTF8): .utf8
        case Int(SQUILLA_JSON_EMPTY): .empty
        case Int(SQUILLA_JSON_MEMORY): .memory
        default: .other
        }
    }
}
