// modules: ManagementAPI
@testable import ManagementAPI

/// A query string, and behind the first line feed the body of a request to the management API. Whatever is asked of them is
/// there with the type that was asked for, or refused with a word.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzz(_ start: UnsafePointer<UInt8>, _ count: Int) -> CInt {
    let input = Array(UnsafeBufferPointer(start: start, count: count))
    let parts = input.split(separator: 0x0A, maxSplits: 1, omittingEmptySubsequences: false)
    let query = QueryString(String(decoding: parts[0], as: UTF8.self))
    precondition(query.names.count <= 100)
    for name in query.names { precondition(query[name] != nil) }
    guard parts.count > 1 else { return 0 }
    let known = ["a", "b", "sql"]
    do throws(APIError) {
        let body = try JSONBody(Array(parts[1]), known: known)
        for name in known {
            check { () throws(APIError) in try body.string(name) != nil }
            check { () throws(APIError) in try body.integer(name) != nil }
            check { () throws(APIError) in try body.strings(name) != nil }
            check { () throws(APIError) in try body.texts(name) != nil }
            check { () throws(APIError) in try body.bool(name) != nil }
        }
    } catch {
        precondition((400...499).contains(error.status) && !error.message.isEmpty, "\(error)")
    }
    return 0
}

private func check(_ read: () throws(APIError) -> Bool) {
    do throws(APIError) {
        _ = try read()
    } catch {
        precondition(error.status == 400 && !error.message.isEmpty, "\(error)")
    }
}
