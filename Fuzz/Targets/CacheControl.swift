// modules: HTTPWire
import HTTPWire

/// Cache-Control, in one line and in several, in any letter case, and its targeted form: never a crash, the same
/// meaning, and numbers in their range. A directive that is added never makes a response live longer.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzz(_ start: UnsafePointer<UInt8>, _ count: Int) -> CInt {
    let bytes = Array(UnsafeBufferPointer(start: start, count: count))
    let control = CacheControl(bytes.span)
    for number in numbers(control) { precondition(number >= 0 && number <= DeltaSeconds.maximum, "out of range") }
    let upper = bytes.map { $0 &- 0x61 < 26 ? $0 & 0xDF : $0 }
    precondition(CacheControl(upper.span) == control, "letter case changes the meaning")

    let lines = bytes.split(separator: 0x0A, omittingEmptySubsequences: false).map { Array($0) }
    var block = HeaderBlock()
    for line in lines { block.append(Array("Cache-Control".utf8).span, line.span) }
    _ = CacheControl(block)
    block.append(Array("CDN-Cache-Control".utf8).span, bytes.span)
    for number in numbers(CacheControl.forCDN(block)) { precondition(number >= 0 && number <= DeltaSeconds.maximum) }

    // An open quote would swallow what is added.
    guard bytes.filter({ $0 == 0x22 }).isEmpty else { return 0 }
    let added = CacheControl((bytes + Array(", no-store, max-age=7, s-maxage=x".utf8)).span)
    precondition(added.flags.isSuperset(of: control.flags.union(.noStore)), "a directive is lost")
    precondition((added.maxAge ?? 8) <= min(7, control.maxAge ?? 7) && added.sharedMaxAge == 0, "it lives longer")
    precondition(added.withheldFields == control.withheldFields)
    return 0
}

private func numbers(_ control: CacheControl) -> [Int64] {
    [
        control.maxAge, control.sharedMaxAge, control.minFresh, control.maxStale, control.staleWhileRevalidate,
        control.staleIfError,
    ].compactMap { $0 }
}
