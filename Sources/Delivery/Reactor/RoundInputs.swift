/// Where the sockets of a round are read to, a place for each.
struct RoundInputs {
    /// What most requests and small responses fit in. More is read when it is the socket's turn.
    static let placeBytes = 8 * 1024
    /// Places begin at different lines of the first-level cache.
    private static let strideBytes = placeBytes + 256

    private let memory: UnsafeMutableRawBufferPointer

    init(count: Int) {
        memory = .allocate(byteCount: count * Self.strideBytes, alignment: 64)
    }

    subscript(place: Int) -> UnsafeMutableRawBufferPointer {
        let start = place * Self.strideBytes
        return UnsafeMutableRawBufferPointer(rebasing: memory[start..<start + Self.placeBytes])
    }

    func deallocate() { memory.deallocate() }
}
