/// Why a stream or a connection is broken off (RFC 9113, 7).
public enum HTTP2Code: UInt32, Sendable {
    case noError = 0
    case protocolError = 0x1
    case internalError = 0x2
    case flowControlError = 0x3
    case streamClosed = 0x5
    case frameSizeError = 0x6
    case refusedStream = 0x7
    case cancel = 0x8
    case compressionError = 0x9
    case enhanceYourCalm = 0xb
}
