import Foundation
import Testing

@testable import ESI

/// The conformance suite's cases about the language, played without a network. The rest needs a proxy:
/// `Conformance/ESI/run`, which `./test` calls.
@Suite struct ConformanceTests {
    struct Case: Sendable, CustomTestStringConvertible {
        let name: String
        let json: Data
        var testDescription: String { name }

        var object: [String: Any] { (try? JSONSerialization.jsonObject(with: json)) as? [String: Any] ?? [:] }
    }

    private static var folder: URL {
        URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().deletingLastPathComponent().appendingPathComponent("Conformance/ESI")
    }

    static let cases: [Case] = {
        let files = (try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []
        return files.filter { $0.hasSuffix(".json") }.sorted().flatMap { file -> [Case] in
            guard let data = FileManager.default.contents(atPath: folder.appendingPathComponent(file).path),
                let list = try? JSONSerialization.jsonObject(with: data) as? [[String: Any]]
            else { return [] }
            return list.compactMap { object in
                guard object["http"] == nil, let name = object["name"] as? String,
                    let json = try? JSONSerialization.data(withJSONObject: object)
                else { return nil }
                return Case(name: name, json: json)
            }
        }
    }()

    @Test func thereAreEnough() { #expect(Self.cases.count > 400) }

    @Test(arguments: cases)
    func language(_ test: Case) {
        let object = test.object
        let expected = object["expect"] as? [String: Any] ?? [:]
        for pieceBytes in [Int.max, 1] {
            for order in [ScriptedSite.Order.asAsked, .reversed] {
                var site = Self.site(object)
                site.pieceBytes = pieceBytes
                site.order = order
                let answer = site.run()
                let how = "\(pieceBytes == 1 ? "cut at each byte" : "whole"), \(order)"
                if expected["fails"] as? Bool == true {
                    #expect(answer.fault != nil && answer.fault != "stuck", "\(how)")
                    continue
                }
                #expect(answer.fault == nil, "\(how)")
                if let body = expected["body"] as? String { #expect(answer.body == Self.fill(body), "\(how)") }
                if let status = expected["status"] as? Int { #expect(answer.status == status, "\(how)") }
                for (name, value) in expected["headers"] as? [String: Any] ?? [:] {
                    let found = answer.fields.filter { $0.hasPrefix("\(name): ") }.map { $0.dropFirst(name.count + 2) }
                    if let text = value as? String {
                        #expect(found.joined(separator: ", ") == Self.fill(text), "\(name), \(how)")
                    } else {
                        #expect(found.isEmpty, "\(name), \(how)")
                    }
                }
                if let requests = expected["requests"] as? [String] {
                    let asked = answer.requests.map { text -> String in
                        let bare = text.split(separator: " [")[0].split(separator: " {")[0]
                        return bare.hasPrefix("/") ? "GET \(bare)" : String(bare)
                    }
                    #expect(asked.sorted() == requests.map(Self.fill).sorted(), "\(how)")
                }
            }
        }
    }

    private static func fill(_ text: String) -> String {
        text.replacingOccurrences(of: "{host}", with: "case.test")
            .replacingOccurrences(of: "{allowed}", with: "case.allowed.test")
            .replacingOccurrences(of: "{foreign}", with: "case.foreign.test")
    }

    private static func site(_ object: [String: Any]) -> ScriptedSite {
        var site = ScriptedSite(fill(object["markup"] as? String ?? ""))
        site.host = "case.test"
        site.clientAddress = "127.0.0.1"
        site.settings.allowedHosts = ["*.allowed.test"]
        let request = object["request"] as? [String: Any] ?? [:]
        site.target = request["path"] as? String ?? "/page"
        site.method = request["method"] as? String ?? "GET"
        for (name, value) in request["headers"] as? [String: Any] ?? [:] {
            for text in value as? [String] ?? [value as? String ?? ""] { site.headers.append((name, fill(text))) }
        }
        for (key, value) in object["fragments"] as? [String: [String: Any]] ?? [:] {
            let fields = value["headers"] as? [String: String] ?? [:]
            site.fragments[fill(key)] = ScriptedSite.Fragment(
                status: value["status"] as? Int ?? 200, body: Array(fill(value["body"] as? String ?? "").utf8),
                location: fields["Location"].map(fill), isESI: fields["Surrogate-Control"] != nil,
                fails: value["fails"] as? Bool ?? false, hangs: (value["delay_ms"] as? Int ?? 0) >= 1500,
                breaksOff: value["breaks"] as? Bool ?? false)
        }
        return site
    }
}
