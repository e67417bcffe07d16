import Edge
import Foundation
import HTTPCache
import Runtime

extension ManagementService {
    /// Targets of one request.
    static let maximumPurgeTargets = 1024

    /// `POST /api/v1/purge`: answered when nothing of it can be served any more, with how many responses it met.
    func servePurge(_ request: HTTPRequest, _ responder: Responder) throws(APIError) {
        try only("POST", in: request)
        guard let purge = context.purge else { throw APIError(404, "not_found", "this server has no cache") }
        let body = try JSONBody(request.body, known: ["urls", "prefixes", "tags", "all", "soft"])
        let targets = try Self.purgeTargets(body)
        let isSoft = try body.bool("soft") ?? false
        // By prefix every stored response is looked at.
        onWorker("purge", responder) { [self] () throws(APIError) in
            let start = DispatchTime.now().uptimeNanoseconds
            let counts = purge(targets.map(\.target), isSoft)
            let elapsed = DispatchTime.now().uptimeNanoseconds - start
            respond(
                responder,
                PurgeDocument(
                    soft: isSoft, objects: counts.reduce(0, +), duration_us: Int64(elapsed / 1000),
                    targets: zip(targets, counts).map { target, count in
                        PurgeDocument.Part(kind: target.kind, value: target.value, objects: count)
                    }))
        }
    }

    private struct Target {
        var kind: String
        var value: String
        var target: PurgeTarget
    }

    private static func purgeTargets(_ body: JSONBody) throws(APIError) -> [Target] {
        var targets: [Target] = []
        for url in try body.strings("urls") ?? [] {
            targets.append(Target(kind: "url", value: url, target: .key(try key(url, "urls"))))
        }
        for prefix in try body.strings("prefixes") ?? [] {
            let bare = prefix.hasSuffix("*") ? String(prefix.dropLast()) : prefix
            targets.append(Target(kind: "prefix", value: prefix, target: .prefix(try key(bare, "prefixes"))))
        }
        for tag in try body.strings("tags") ?? [] {
            guard !tag.isEmpty else { throw .badRequest("\"tags\": a tag is not empty") }
            targets.append(Target(kind: "tag", value: tag, target: .tag(Array(tag.utf8))))
        }
        if try body.bool("all") ?? false { targets.append(Target(kind: "all", value: "*", target: .everything)) }
        guard !targets.isEmpty else {
            throw .badRequest("nothing to purge: name \"urls\", \"prefixes\", \"tags\" or \"all\": true")
        }
        guard targets.count <= maximumPurgeTargets else {
            throw .badRequest("more than \(maximumPurgeTargets) targets in one request; send several")
        }
        return targets
    }

    private static func key(_ url: String, _ member: String) throws(APIError) -> CacheKey {
        guard let key = CacheKey(url: url) else {
            throw .badRequest(
                "\"\(member)\": expected http://HOST/PATH or https://HOST/PATH, found \"\(url.prefix(200))\"")
        }
        return key
    }
}

/// The members are the API's names.
private struct PurgeDocument: Encodable {
    struct Part: Encodable {
        var kind: String
        var value: String
        var objects: Int
    }

    var soft: Bool
    var objects: Int
    var duration_us: Int64
    var targets: [Part]
}
