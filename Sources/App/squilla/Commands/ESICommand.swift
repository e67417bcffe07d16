import ArgumentParser
import ESI
import Foundation

struct ESICommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "esi", abstract: "Assemble a page at the desk, or look for mistakes in pages.",
        discussion: """
            squilla esi page.html --fragments site/       fragments from a folder: /a/b is site/a/b
            squilla esi page.html --origin http://127.0.0.1:3000 --header 'Cookie: user=7' --explain
            squilla esi lint site/                        every mistake with file, line and column
            """,
        subcommands: [ESIRun.self, ESILint.self], defaultSubcommand: ESIRun.self)
}

struct ESIRun: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "run", abstract: "Assemble a page and print it; exits 1 on mistakes in its markup.")

    @Argument(help: "The page; - for standard input.") var page: String
    @Option(help: "Where fragments come from: an origin's URL.") var origin: String?
    @Option(help: "Where fragments come from: a folder.") var fragments: String?
    @Option(help: "The URL that the page answers.") var url = "http://localhost/"
    @Option(
        help: ArgumentHelp("A field of the client's request; may be given several times.", valueName: "name: value"))
    var header: [String] = []
    @Flag(help: "Show what was evaluated, fetched and skipped.") var explain = false

    func validate() throws {
        if origin != nil, fragments != nil { throw ValidationError("name --origin or --fragments, not both") }
    }

    func run() throws {
        let bytes = page == "-" ? [UInt8](FileHandle.standardInput.readDataToEndOfFile()) : try ESIFiles.read(page)
        let compiled = ESIPage(bytes.span, settings: ESISettings())
        var hasFaults = false
        for note in compiled.notes where note.severity == .fault {
            StandardError.write(line: ESIFiles.line(note, file: page))
            hasFaults = true
        }
        var desk = try ESIDesk(url: url, headers: header, source: ESIFragmentSource(origin: origin, folder: fragments))
        desk.run(compiled)
        StandardOutput.write(desk.body)
        StandardOutput.flush()
        if explain { desk.explain() }
        if let fault = desk.fault {
            let place = fault.place.map { ":\($0.line):\($0.column)" } ?? ""
            throw Failure("\(page)\(place): \(fault.message)")
        }
        if hasFaults { throw ExitCode(1) }
    }
}

struct ESILint: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "lint", abstract: "Look for mistakes in all pages of a folder; exits 1 where one would fail.")

    @Argument(help: "Folders and files.") var paths: [String]

    func run() throws {
        var faults = 0
        var pages = 0
        for path in paths {
            for file in try ESIFiles.all(below: path) {
                let bytes = try ESIFiles.read(file)
                guard ESIFiles.mentionsESI(bytes) else { continue }
                pages += 1
                for note in ESIPage(bytes.span, settings: ESISettings()).notes {
                    StandardOutput.write(line: ESIFiles.line(note, file: file))
                    if note.severity == .fault { faults += 1 }
                }
            }
        }
        StandardOutput.flush()
        StandardError.write(line: "\(pages) page\(pages == 1 ? "" : "s") with ESI, \(faults) that would fail")
        if faults > 0 { throw ExitCode(1) }
    }
}

/// Pages on disk.
enum ESIFiles {
    static let maximumBytes = 64 << 20

    static func read(_ path: String) throws -> [UInt8] {
        guard let data = FileManager.default.contents(atPath: path) else { throw Failure("\(path): cannot be read") }
        guard data.count <= maximumBytes else { throw Failure("\(path): larger than 64 MiB") }
        return [UInt8](data)
    }

    /// A file itself, or the files in a folder and below, by name.
    static func all(below path: String) throws -> [String] {
        var isFolder: ObjCBool = false
        guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) else {
            throw Failure("\(path): no such file or folder")
        }
        guard isFolder.boolValue else { return [path] }
        let names = FileManager.default.enumerator(atPath: path)?.compactMap { $0 as? String } ?? []
        return names.sorted().map { "\(path)/\($0)" }.filter { file in
            var isFolder: ObjCBool = false
            return FileManager.default.fileExists(atPath: file, isDirectory: &isFolder) && !isFolder.boolValue
        }
    }

    static func mentionsESI(_ bytes: [UInt8]) -> Bool {
        let text = String(decoding: bytes, as: UTF8.self)
        return text.contains("<esi:") || text.contains("</esi:") || text.contains("<!--esi")
    }

    static func line(_ note: ESINote, file: String) -> String {
        let severity = note.severity == .fault ? "error" : "warning"
        return
            "\(file):\(note.place.line):\(note.place.column): \(severity): \(note.fault.message) [\(note.fault.code)]"
    }
}
