// modules: Settings
import Settings

/// The text of a squilla.yaml. It is read, or refused with a place in the text and a word about each problem.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzz(_ start: UnsafePointer<UInt8>, _ count: Int) -> CInt {
    let text = String(decoding: UnsafeBufferPointer(start: start, count: count), as: UTF8.self)
    let lines = text.utf8.count { $0 == 0x0A } + 2
    do throws(SettingsError) {
        _ = try Settings(yaml: text)
    } catch {
        precondition(!error.diagnostics.isEmpty, "refused without a word")
        for problem in error.diagnostics {
            precondition(!problem.message.isEmpty, "a problem without a word")
            // A text may break its lines by \r alone.
            precondition((0...max(lines, count + 2)).contains(problem.line) && problem.column >= 0, "\(problem)")
        }
    }
    return 0
}
