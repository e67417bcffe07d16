/// A response as a test reads it.
struct WireResponse {
    var head: String
    var body: [UInt8] = []
    var trailers = ""

    var status: Int { Int(head.dropFirst(9).prefix(3)) ?? 0 }
    var text: String { String(decoding: body, as: UTF8.self) }

    /// The value of a field, any case; `nil` where there is none.
    func field(_ name: String) -> String? {
        for line in head.split(separator: "\r\n").dropFirst() {
            guard let colon = line.firstIndex(of: ":") else { continue }
            if line[..<colon].lowercased() == name.lowercased() {
                return String(line[line.index(after: colon)...].drop { $0 == " " })
            }
        }
        return nil
    }
}

extension WireSocket {
    /// Reads one response with its body, skipping 1xx.
    func response(isHead: Bool = false) throws -> WireResponse {
        var response = WireResponse(head: try readHead())
        while response.status < 200 { response.head = try readHead() }
        if isHead || response.status == 204 || response.status == 304 { return response }
        if response.field("transfer-encoding")?.lowercased() == "chunked" {
            (response.body, response.trailers) = try readChunked()
        } else if let length = response.field("content-length").flatMap({ Int($0) }) {
            response.body = try read(length)
        } else {
            response.body = readToEnd()
        }
        return response
    }

    /// Sends a request without a body and reads its response.
    func get(_ path: String, _ fields: String = "", method: String = "GET") throws -> WireResponse {
        try send("\(method) \(path) HTTP/1.1\r\nHost: test\r\n\(fields)\r\n")
        return try response(isHead: method == "HEAD")
    }
}
