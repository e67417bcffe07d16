import Foundation
import SQL

/// A refusal of the API: `{"error": {"code", "message", …}}` with an HTTP status.
public struct APIError: Error, CustomStringConvertible {
    var status: Int
    /// What programs test for: `snake_case`, stable.
    var code: String
    /// What people read: what is wrong and what to do.
    var message: String
    /// The place in a query, from 1.
    var line: Int?
    var column: Int?
    var suggestion: String?

    init(_ status: Int, _ code: String, _ message: String) {
        self.status = status
        self.code = code
        self.message = message
    }

    static func badRequest(_ message: String) -> APIError { APIError(400, "bad_request", message) }

    /// The object that stands for `"error"`, and for `"$error"` at the end of a stream.
    var json: [UInt8] {
        var object: [String: Any] = ["code": code, "message": message]
        object["line"] = line
        object["column"] = column
        object["suggestion"] = suggestion
        let data = try? JSONSerialization.data(withJSONObject: object, options: [.sortedKeys, .withoutEscapingSlashes])
        return data.map { [UInt8]($0) } ?? Array("{}".utf8)
    }

    public var description: String { message }

    var body: [UInt8] { Array("{\"error\":".utf8) + json + Array("}\n".utf8) }
}
