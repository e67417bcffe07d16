import Bytes

/// Builds a message head in a buffer that is reused.
public struct HeadWriter: Sendable {
    /// What is written so far. Take it out with swap, or append it to an output queue and call ``removeAll()``.
    public var bytes: [UInt8]

    public init(capacity: Int = 1024) {
        self.bytes = []
        if capacity > 0 { bytes.reserveCapacity(capacity) }
    }

    public mutating func removeAll() { bytes.removeAll(keepingCapacity: true) }

    /// `HTTP/1.1 200 OK`, always 1.1, which is what the edge speaks (RFC 9112 §2.5).
    public mutating func statusLine(_ status: Int) {
        StatusLines.append(status, to: &bytes)
    }

    /// A status line that keeps an origin's own reason.
    public mutating func statusLine(_ status: Int, reason: Span<UInt8>) {
        bytes.append(contentsOf: StatusLines.version)
        NumberWriter.append(status, to: &bytes)
        bytes.append(0x20)
        bytes.append(contentsOf: reason)
        endLine()
    }

    /// `GET /path HTTP/1.1`. An empty path is written as "/" (RFC 9112 §3.2.1).
    public mutating func requestLine(method: Span<UInt8>, target: Span<UInt8>) {
        bytes.append(contentsOf: method)
        bytes.append(0x20)
        if target.count == 0 || target[0] == 0x3F { bytes.append(0x2F) }
        bytes.append(contentsOf: target)
        bytes.append(contentsOf: StatusLines.requestVersion)
    }

    /// - Precondition: the octets are those that RFC 9110 §5 allows; see ``sanitized(_:)`` for foreign text.
    public mutating func field(_ name: Span<UInt8>, _ value: Span<UInt8>) {
        bytes.append(contentsOf: name)
        colon()
        bytes.append(contentsOf: value)
        endLine()
    }

    // Room for a whole line is made at once: made for each part of it, it would cost more than the copies.

    public mutating func field(_ name: StaticString, _ value: Span<UInt8>) {
        bytes.append(addingCapacity: name.utf8CodeUnitCount + value.count + 6) { line in
            line.append(contentsOf: name)
            line.append(HeadWriter.colon, count: 2, contentsOf: value)
            line.endLine()
        }
    }

    public mutating func field(_ name: StaticString, _ value: StaticString) {
        bytes.append(addingCapacity: name.utf8CodeUnitCount + value.utf8CodeUnitCount + 6) { line in
            line.append(contentsOf: name)
            line.append(0x3A)
            line.append(0x20)
            line.append(contentsOf: value)
            line.endLine()
        }
    }

    public mutating func field(_ name: StaticString, _ value: Int) {
        bytes.append(addingCapacity: name.utf8CodeUnitCount + 32) { line in
            line.append(contentsOf: name)
            line.append(0x3A)
            line.append(0x20)
            if value < 0 { line.append(0x2D) }
            NumberWriter.append(UInt64(value.magnitude), to: &line)
            line.endLine()
        }
    }

    /// A field whose value comes from elsewhere: controls in it are replaced by blanks, so that it can't add a line.
    public mutating func field(_ name: String, text: String) {
        bytes.append(contentsOf: name.utf8)
        colon()
        for byte in text.utf8 { bytes.append(ByteClass.isFieldContent(byte) ? byte : 0x20) }
        endLine()
    }

    /// Starts a field whose value the caller appends to ``bytes`` before ``endLine()``.
    public mutating func startField(_ name: StaticString) {
        bytes.append(addingCapacity: name.utf8CodeUnitCount + 2) { line in
            line.append(contentsOf: name)
            line.append(0x3A)
            line.append(0x20)
        }
    }

    public mutating func endLine() {
        bytes.append(0x0D)
        bytes.append(0x0A)
    }

    /// The empty line after the last field.
    public mutating func endHead() { endLine() }

    /// Copies the fields that may pass a proxy: all but the hop-by-hop ones, those that `Connection` names, and
    /// `except`.
    public mutating func copyFields(of block: HeaderBlock, except: HeaderSet = []) {
        let options = block.contains(.connection) && !block.isKeptAliveOnly ? ConnectionOptions(block) : nil
        let dropped = HeaderSet.hopByHop.union(except)
        // Lines that stand one after the other as they would be written go in one copy.
        var run = 0..<0
        for field in block.fields {
            if dropped.contains(field.id) { continue }
            if let options, options.nominates(field, of: block) { continue }
            if let line = block.line(of: field) {
                if line.lowerBound != run.upperBound {
                    bytes.append(contentsOf: block.bytes.span.extracting(run))
                    run = line
                } else {
                    run = run.lowerBound..<line.upperBound
                }
            } else {
                bytes.append(contentsOf: block.bytes.span.extracting(run))
                run = 0..<0
                self.field(block.slice(field.name), block.slice(field.value))
            }
        }
        bytes.append(contentsOf: block.bytes.span.extracting(run))
    }

    /// With the blank behind it, the first byte lowest.
    private static let colon: UInt32 = 0x203A

    private mutating func colon() {
        bytes.append(0x3A)
        bytes.append(0x20)
    }
}

extension OutputSpan<UInt8> {
    fileprivate mutating func endLine() {
        append(0x0D)
        append(0x0A)
    }
}
