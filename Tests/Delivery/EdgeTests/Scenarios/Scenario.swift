import Foundation
import Testing

/// A wire scenario read from a file of Tests/Scenarios; its README describes the language.
struct Scenario: Sendable, CustomTestStringConvertible {
    struct Step: Sendable {
        var line: Int
        /// The first word, e.g. `>` or `accept`.
        var verb: String
        /// The rest of the line.
        var text: String
    }

    struct Actor: Sendable {
        var kind: String
        var name: String
        var steps: [Step]
    }

    struct Failure: Error, CustomStringConvertible {
        var description: String
    }

    var file: String
    var settings: [Step] = []
    var actors: [Actor] = []
    /// Expected events in order, each a list of `field value` lines.
    var events: [[Step]] = []

    var testDescription: String { file }

    static let folder = URL(fileURLWithPath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().appendingPathComponent("Scenarios").resolvingSymlinksInPath().path

    static func all() -> [Scenario] {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
        return names.filter { $0.hasSuffix(".scenario") }.sorted().compactMap { name in
            guard let text = try? String(contentsOfFile: "\(folder)/\(name)", encoding: .utf8) else { return nil }
            return Scenario(file: name, text: text)
        }
    }

    init(file: String, text: String) {
        self.file = file
        for (index, raw) in text.split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
            let line = String(raw)
            let isIndented = line.hasPrefix(" ")
            let content = String(line.drop { $0 == " " })
            if content.isEmpty || content.hasPrefix("#") { continue }
            let verb = String(content.prefix { $0 != " " })
            let rest = String(content.dropFirst(verb.count + 1))
            let step = Step(line: index + 1, verb: verb, text: rest)
            if isIndented {
                add(step)
            } else {
                begin(step)
            }
        }
    }

    private var isInEvents = false

    private mutating func begin(_ step: Step) {
        isInEvents = step.verb == "event"
        switch step.verb {
        case "set": settings.append(step)
        case "event": events.append([])
        default: actors.append(Actor(kind: step.verb, name: step.text, steps: []))
        }
    }

    private mutating func add(_ step: Step) {
        if isInEvents {
            events[events.count - 1].append(step)
        } else if !actors.isEmpty {
            actors[actors.count - 1].steps.append(step)
        }
    }
}
