import Foundation

/// A small JSON object that a client sent: typed reads with errors that name the member. Not for events.
struct JSONBody {
    private let members: [String: Any]

    /// - Throws: 400 when `bytes` is not one JSON object, or has a member that is not in `known`.
    init(_ bytes: [UInt8], known: [String]) throws(APIError) {
        guard bytes.count <= 1 << 20 else { throw APIError(413, "too_large", "the request is larger than 1 MiB") }
        guard let object = (try? JSONSerialization.jsonObject(with: Data(bytes))) as? [String: Any] else {
            throw .badRequest("expected a JSON object such as {\"\(known[0])\": …}")
        }
        if let unknown = object.keys.sorted().first(where: { !known.contains($0) }) {
            throw .badRequest("unknown member \"\(unknown)\"; known: \(known.joined(separator: ", "))")
        }
        members = object
    }

    func string(_ name: String) throws(APIError) -> String? {
        guard let value = members[name], !(value is NSNull) else { return nil }
        guard let text = value as? String else { throw .badRequest("\"\(name)\" must be a string") }
        return text
    }

    func integer(_ name: String) throws(APIError) -> Int64? {
        guard let value = members[name], !(value is NSNull) else { return nil }
        guard let number = value as? Int64 else { throw .badRequest("\"\(name)\" must be a whole number") }
        return number
    }

    func strings(_ name: String) throws(APIError) -> [String]? {
        guard let value = members[name], !(value is NSNull) else { return nil }
        if let text = value as? String { return [text] }
        guard let list = value as? [String] else { throw .badRequest("\"\(name)\" must be a list of strings") }
        return list
    }

    /// An object of strings; numbers and booleans are taken as their text.
    func texts(_ name: String) throws(APIError) -> [String: String]? {
        guard let value = members[name], !(value is NSNull) else { return nil }
        guard let object = value as? [String: Any] else { throw .badRequest("\"\(name)\" must be an object") }
        var texts: [String: String] = [:]
        for (key, value) in object {
            switch value {
            case let text as String: texts[key] = text
            case let number as NSNumber: texts[key] = "\(number)"
            default: throw .badRequest("\"\(name).\(key)\" must be a string")
            }
        }
        return texts
    }

    func bool(_ name: String) throws(APIError) -> Bool? {
        guard let value = members[name], !(value is NSNull) else { return nil }
        guard let flag = value as? Bool else { throw .badRequest("\"\(name)\" must be true or false") }
        return flag
    }
}
