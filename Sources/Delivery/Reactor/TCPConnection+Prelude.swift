/// What comes or goes before everything else, TLS included: a header of the PROXY protocol.
extension TCPConnection {
    /// The first bytes must be a PROXY header; the client that it names becomes `peer`. A connection without one is
    /// closed. For accepted connections, before anything has come.
    public func expectProxyHeader() {
        proxyHeader = []
        awaitsProxyHeader = true
    }

    /// Queues what goes before the peer's protocol begins, not to be sealed by TLS.
    func sendPrelude() {
        guard !prelude.isEmpty else { return }
        if let tls {
            tls.sealed.append(contentsOf: prelude)
            queuedBytes += prelude.count
        } else {
            send(prelude.span)
        }
        prelude = []
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
