import Console
import Edge

extension ManagementService {
    /// Serves the console's file at this path; false where there is none.
    func serveConsole(_ request: HTTPRequest, _ responder: Responder) -> Bool {
        guard let asset = ConsoleAssets.asset(request.path) else { return false }
        let headers = ConsoleAssets.securityHeaders.map { ($0.name, $0.value) } + [("ETag", asset.etag)]
        if request.header("If-None-Match") == asset.etag {
            responder.respond(status: 304, headers: headers, body: [])
        } else {
            responder.respond(
                status: 200, headers: headers + [("Content-Type", asset.contentType)], body: asset.body)
        }
        return true
    }
}
