import Foundation

/// The API said no: its error object in words.
struct APIFailure: Error, CustomStringConvertible {
    let status: Int
    let message: String
    var line: Int?
    var column: Int?
    var suggestion: String?

    init(status: Int, body: [UInt8]) {
        self.status = status
        let object = (try? JSONSerialization.jsonObject(with: Data(body))) as? [String: Any]
        let error = object?["error"] as? [String: Any] ?? object?["$error"] as? [String: Any]
        message = error?["message"] as? String ?? String(decoding: body.prefix(500), as: UTF8.self)
        line = error?["line"] as? Int
        column = error?["column"] as? Int
        suggestion = error?["suggestion"] as? String
    }

    var description: String {
        var text = message
        if let line, let column, line > 0 { text = "line \(line), column \(column): \(text)" }
        if let suggestion { text += "; \(suggestion)" }
        if status == 401 { text += " (set SQUILLA_TOKEN or --token)" }
        return text
    }
}
