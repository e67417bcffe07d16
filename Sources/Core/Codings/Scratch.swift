/// Where a library puts its output before it is appended to an array.
final class Scratch {
    /// Output of one call of a library.
    static let count = 32 << 10

    private let buffer = UnsafeMutableBufferPointer<UInt8>.allocate(capacity: Scratch.count)

    deinit { buffer.deallocate() }

    /// Lets `body` fill the buffer, and appends as many bytes as it says.
    func fill(_ output: inout [UInt8], _ body: (UnsafeMutableBufferPointer<UInt8>) -> Int) {
        let count = body(buffer)
        output.append(contentsOf: UnsafeBufferPointer(rebasing: buffer[..<count]))
    }
}
