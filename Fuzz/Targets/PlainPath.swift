// modules: HTTPWire
import HTTPWire

/// Any path: a path of one spelling, which is its own, and in which nothing climbs; percent signs for what needs none, in
/// whatever letter case, and another `.` segment change nothing.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzz(_ start: UnsafePointer<UInt8>, _ count: Int) -> CInt {
    let path: [UInt8] = [0x2F] + Array(UnsafeBufferPointer(start: start, count: count))
    let plain = spelled(path)
    precondition(plain[0] == 0x2F && spelled(plain) == plain, "it has another spelling still")
    if PlainPath.isPlain(path.span) { precondition(plain == path, "a plain path is spelled differently") }
    for part in plain.dropFirst().split(separator: 0x2F, omittingEmptySubsequences: false).dropLast() {
        precondition(!part.isEmpty, "two slashes")
    }
    for part in plain.split(separator: 0x2F) {
        let name = Array(part.prefix { $0 != 0x3B })
        precondition(name != [0x2E] && name != [0x2E, 0x2E], "a segment that climbs")
    }
    for index in plain.indices where plain[index] == 0x25 {
        precondition(index + 2 < plain.count && plain[(index + 1)...(index + 2)].allSatisfy(isCapitalDigit))
    }
    guard !path.contains(0x25) else { return 0 }
    var other: [UInt8] = [0x2F, 0x2E]
    for (index, byte) in path.enumerated() {
        let isName = byte &- 0x30 < 10 || (byte | 0x20) &- 0x61 < 26
        if isName {
            other.append(contentsOf: "%\(String(byte, radix: 16, uppercase: index & 1 == 0))".utf8)
        } else {
            other.append(byte)
        }
    }
    precondition(spelled(other) == plain, "a letter with a percent sign makes another path")
    return 0
}

private func spelled(_ path: [UInt8]) -> [UInt8] {
    var out: [UInt8] = []
    PlainPath.append(path.span, to: &out)
    return out
}

private func isCapitalDigit(_ byte: UInt8) -> Bool { byte &- 0x30 < 10 || byte &- 0x41 < 6 }
