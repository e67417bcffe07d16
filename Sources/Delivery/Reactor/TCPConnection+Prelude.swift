/// A header of the PROXY protocol before everything else, TLS included.
extension TCPConnection {
    /// The first bytes must be a PROXY header; the client that it names becomes `peer`. A connection without one is
    /// closed. For accepted connections, before anything has come.
    public func expectProxyHeader() {
        proxyHeader = []
        awaitsProxyHeader = true
    }

    /// Takes bytes as long as the header is not complete. The rest goes on as if it had come alone.
    func takeProxyHeader(_ bytes: UnsafeRawBufferPointer) {
        proxyHeader.append(contentsOf: bytes)
        switch ProxyHeader.parse(proxyHeader) {
        case .incomplete: break
        case .invalid: close(.failed(71))
        case .complete(let source, let length):
            awaitsProxyHeader = false
            if let source { peer = source }
            var rest: [UInt8] = []
            swap(&rest, &proxyHeader)
            guard rest.count > length else { return }
            rest.withUnsafeBytes { pass(UnsafeRawBufferPointer(rebasing: $0[length...])) }
        }
    }
}
